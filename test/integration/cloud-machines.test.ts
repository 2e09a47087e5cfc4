import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import { Ec2 } from '../support/cloud/ec2.js';
import { cloudMachineImage } from '../support/cloud/machine-image.js';
import { baseImage, isMissing } from '../support/engines.js';
import { seedOf } from '../support/machine-image.js';
import { linesOf } from '../support/project.js';
import { scratchFolder } from '../support/repository.js';
import { until } from '../support/until.js';

describe.skipIf(isMissing('moto', 'docker', 'root'))('machines of the test cloud', () => {
  const folder = join(scratchFolder(), 'context');
  const image = 'logistician-test/cloud-baked';
  let cloud: Cloud;
  let ec2: Ec2;

  beforeAll(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${baseImage}\nRUN date +%N >/made\nCMD cat /made\n`);
    execFileSync('docker', ['build', '--quiet', '--tag', image, folder], { stdio: 'pipe' });
    cloud = await Cloud.start({ machines: 2, images: [image] });
    ec2 = new Ec2(Number(new URL(cloud.url).port), cloud.region);
    // The first time images are made.
  }, 600_000);

  afterAll(async () => {
    await cloud?.remove();
    const machines = cloudMachineImage([image]);
    const seed = seedOf(machines) ?? '';
    execFileSync('docker', ['image', 'rm', machines, image], { stdio: 'pipe' });
    execFileSync('docker', ['volume', 'rm', seed], { stdio: 'pipe' });
  });

  async function launch(more: Record<string, string> = {}): Promise<string> {
    const usual = { ImageId: cloud.image('gpu'), InstanceType: 'g4dn.xlarge', SubnetId: cloud.subnet };
    const userData = '#cloud-config\nbootcmd: ["echo boot >>/boots"]\n';
    const coded = { UserData: Buffer.from(userData).toString('base64') };
    const answer = await ec2.call('RunInstances', {
      ...usual,
      ...coded,
      MinCount: '1',
      MaxCount: '1',
      ...more,
    });
    return answer.get('instancesSet/item/instanceId');
  }

  /** What a line says there; empty while it cannot be asked. */
  const on = async (id: string, line: string): Promise<string> => {
    try {
      return await cloud.machine(id).exec(line);
    } catch {
      return '';
    }
  };
  const booted = (id: string, times: number) =>
    until(`${id} has booted ${times} times`, async () => {
      const boots = await on(id, 'docker version >/dev/null; cat /boots');
      return boots.split('\n').length === times && boots !== '';
    });
  const containers = () =>
    linesOf('docker', 'ps', '--all', '--quiet', '--filter', `label=logistician.test=${cloud.name}`);

  // A machine takes some seconds to boot: each serves as long as it can.
  let first: string;
  let second: string;
  let spot: string;

  it('begin with the images that they were promised, and with what these were built on', async () => {
    first = await launch();
    await booted(first, 1);
    const made = execFileSync('docker', ['run', '--rm', image]).toString().trim();
    expect(await on(first, `docker run --rm ${image}`)).toBe(made);
    const build =
      'mkdir /context; cat >/context/Dockerfile; docker build --quiet /context; docker image ls -q';
    const dockerfile = execFileSync('cat', [join(folder, 'Dockerfile')]).toString();
    const [built, ...known] = (await cloud.machine(first).exec(build, dockerfile)).split('\n');
    expect(built?.slice(7, 19)).toBe(known.find((short) => built?.includes(short)));
    expect(known).toHaveLength(2);
  });

  it('do what the API is asked for', async () => {
    await ec2.call('RebootInstances', { 'InstanceId.1': first });
    await booted(first, 2);
    await ec2.call('StopInstances', { 'InstanceId.1': first });
    await until('it is off', async () => (await on(first, 'echo on')) === '');
    await ec2.call('StartInstances', { 'InstanceId.1': first });
    await booted(first, 3);
  });

  it('are no more than were asked for', async () => {
    second = await launch();
    const launchSpot = () => launch({ 'InstanceMarketOptions.MarketType': 'spot' });
    await expect(launchSpot()).rejects.toThrow('VcpuLimitExceeded');
    await ec2.call('TerminateInstances', { 'InstanceId.1': first });
    spot = await launchSpot();
    await booted(spot, 1);
    await until('the first one is gone', () => containers().length === 2);
  });

  it('are told that AWS wants them back, and lose their power unnoticed', async () => {
    const ask = `token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$1/latest/api/token")
      curl -sf -H "X-aws-ec2-metadata-token: $token" "$1/latest/meta-data/$2"`;
    const told = (what: string) => on(spot, `set -- ${cloud.metadataUrl} ${what}; ${ask}`);
    expect(await told('instance-id')).toBe(spot);
    expect(await told('spot/instance-action')).toBe('');
    const interrupted = cloud.interrupt(spot, 2);
    expect(JSON.parse(await told('spot/instance-action'))).toMatchObject({ action: 'terminate' });
    await interrupted;
    await until('it is gone', () => containers().length === 1);

    await booted(second, 1);
    await cloud.machine(second).cutPower();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await on(second, 'echo on')).toBe('');
    expect((await cloud.ec2.live()).map(({ state }) => state)).toEqual(['running']);
    await ec2.call('TerminateInstances', { 'InstanceId.1': second });
    await until('it is gone', () => containers().length === 0);
    expect(await cloud.listAll()).toEqual([]);
    expect(cloud.problems).toEqual([]);
  });
});
