import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cloud } from '../support/cloud/cloud.js';
import type { Instance } from '../support/cloud/ec2.js';
import { baseImage, isMissing } from '../support/engines.js';
import { makeKey } from '../support/sshd.js';
import { until } from '../support/until.js';

interface Finished {
  readonly code: number;
  readonly said: string;
}

/** The program's end, and all that it said on both outputs. Not synchronously: the cloud is served from here. */
function run(program: string, words: readonly string[], env: Record<string, string>): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(program, words, { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, said: stdout + stderr }),
    );
  });
}

describe.skipIf(isMissing('moto', 'terraform', 'docker', 'sshd', 'root'))('the test cloud', () => {
  let cloud: Cloud;
  let stack: string;
  const terraform = (...words: string[]) =>
    run('terraform', [`-chdir=${stack}`, ...words, '-no-color'], cloud.env);

  /** Instances by the condition that they are tagged with. */
  async function instances(): Promise<Record<string, Instance>> {
    const all = await cloud.ec2.instances();
    return Object.fromEntries(all.map((instance) => [instance.tags.condition, instance]));
  }

  /** What a line of shell says on a machine whose host key must be the one that was handed over. */
  async function on(condition: string, line: string, key = 'key'): Promise<Finished> {
    const address = (await instances())[condition]?.address;
    const known = join(stack, 'known_hosts');
    writeFileSync(known, `${address} ${readFileSync(join(stack, `host-${condition}.pub`), 'utf8')}`);
    const options = {
      UserKnownHostsFile: known,
      IdentityFile: join(stack, key),
      IdentitiesOnly: 'yes',
      StrictHostKeyChecking: 'yes',
      BatchMode: 'yes',
      ConnectTimeout: '10',
      LogLevel: 'ERROR',
    };
    const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    return run('ssh', ['-F', '/dev/null', ...words, `ubuntu@${address}`, line], {});
  }

  const isUp = (condition: string) =>
    until(`${condition} is up`, async () => (await on(condition, 'true')).code === 0).catch(
      (error: Error) => {
        throw new Error(`${error.message}\n${cloud.problems.join('\n')}`);
      },
    );

  beforeAll(async () => {
    cloud = await Cloud.start({ machines: 4 });
    stack = join(cloud.folder, 'stack');
    mkdirSync(stack);
    for (const name of ['key', 'pair', 'host-first', 'host-second', 'host-spot']) makeKey(join(stack, name));
    writeFileSync(join(stack, 'main.tf.json'), JSON.stringify(configuration(cloud, stack)));
    // The first time images are made.
  }, 600_000);

  afterAll(async () => {
    await cloud?.remove();
    for (const kind of ['container', 'network', 'volume']) {
      const filter = ['--filter', `label=logistician.test=${cloud?.name}`];
      expect((await run('docker', [kind, 'ls', '--quiet', ...filter], {})).said).toBe('');
    }
  });

  it('starts the instances that it is not told to refuse', async () => {
    expect((await terraform('init')).said).toContain('successfully initialized');
    const fault = cloud.fault({
      action: 'RunInstances',
      tags: { condition: 'second' },
      code: 'InsufficientInstanceCapacity',
    });
    const refused = await terraform('apply', '-auto-approve');
    expect(refused.code).toBe(1);
    expect(refused.said).toMatch(/aws_instance\.first: Creation complete[\s\S]*InsufficientInstanceCapacity/);
    expect(fault.hits).toBe(2);
    expect(Object.keys(await instances()).sort()).toEqual(['first', 'spot']);
    fault.end();
    expect((await terraform('apply', '-auto-approve')).said).toContain('Resources: 1 added, 0 changed');
    expect((await terraform('plan')).said).toContain('No changes.');
  });

  it('has a computer for each of them', async () => {
    for (const condition of ['first', 'second', 'spot']) await isUp(condition);
    const { first } = await instances();
    const told = await on(
      'first',
      'uname -n; cat /condition; docker ps --quiet; cloud-init query instance_id',
    );
    const name = `ip-${first?.address.replaceAll('.', '-')}`;
    expect(told).toEqual({ code: 0, said: `${name}\nfirst\n${first?.id}\n` });
    expect(await on('spot', `docker run --rm ${baseImage} echo from within`)).toEqual({
      code: 0,
      said: 'from within\n',
    });
    expect((await on('spot', 'id -un', 'pair')).said).toBe('ubuntu\n');
    const outside =
      'getent hosts example.org || timeout 1 bash -c "echo >/dev/tcp/192.0.2.1/80" || echo none';
    expect((await on('spot', outside)).said).toBe('none\n');
  });

  it('keeps what is on a disk, and knows what machines do', async () => {
    const { first, second, spot } = await instances();
    if (!first || !second || !spot) throw new Error('an instance is missing');
    const boots = async () => (await on('first', 'cat /boots; cat /kept')).said;
    await on('first', 'echo kept | sudo tee /kept');
    await cloud.machine(first.id).exec('systemctl reboot >/dev/null 2>&1 || :');
    await until('it has booted again', async () => (await boots()) === 'boot\nboot\nkept\n');

    const state = async (id: string) => (await cloud.ec2.instances({ 'InstanceId.1': id }))[0]?.state;
    for (const { id } of [first, second, spot])
      await cloud.machine(id).exec('shutdown -P now >/dev/null 2>&1 || :');
    await until('one is stopped', async () => (await state(first.id)) === 'stopped');
    await until('one is terminated', async () => (await state(second.id)) === 'terminated');
    await until('spot is terminated', async () => (await state(spot.id)) === 'terminated');

    const start = await run('aws', ['ec2', 'start-instances', '--instance-ids', first.id], cloud.env);
    expect(start.code).toBe(0);
    await until('it has booted a third time', async () => (await boots()) === 'boot\nboot\nboot\nkept\n');
  });

  it('is empty after all is destroyed', async () => {
    expect((await cloud.listAll()).filter((what) => what.startsWith('instance'))).toHaveLength(1);
    expect((await terraform('destroy', '-auto-approve')).said).toContain('Destroy complete!');
    expect(await cloud.listAll()).toEqual([]);
    expect(cloud.actions).toContain('ec2:RunInstances');
    expect(cloud.problems).toEqual([]);
  });
});

const reference = (what: string): string => `\${${what}}`;

/** A small stack of three instances. */
function configuration(cloud: Cloud, folder: string): object {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const instance = (condition: string, more: object) => ({
    ami: cloud.image('ubuntu'),
    instance_type: 't3.small',
    subnet_id: cloud.subnet,
    key_name: reference('aws_key_pair.pair.key_name'),
    vpc_security_group_ids: [reference('aws_security_group.group.id')],
    user_data: `#cloud-config\n${JSON.stringify({
      ssh_keys: { ed25519_private: read(`host-${condition}`), ed25519_public: read(`host-${condition}.pub`) },
      ssh_authorized_keys: [read('key.pub')],
      bootcmd: ['echo boot >>/boots'],
      write_files: [{ path: '/condition', content: `${condition}\n` }],
      runcmd: ['usermod --append --groups docker ubuntu'],
    })}`,
    metadata_options: { http_tokens: 'required', http_put_response_hop_limit: 1 },
    root_block_device: { volume_size: 20, encrypted: true, tags: { condition } },
    tags: { condition },
    ...more,
  });
  const spot = { market_type: 'spot', spot_options: { spot_instance_type: 'one-time', max_price: '0.1' } };
  return {
    terraform: { required_providers: { aws: { source: 'hashicorp/aws', version: '>= 5.0, < 7.0' } } },
    provider: { aws: { max_retries: 2, default_tags: { tags: { deployment: 'one' } } } },
    resource: {
      aws_key_pair: { pair: { key_name: 'pair', public_key: read('pair.pub') } },
      aws_security_group: { group: { name: 'group', vpc_id: cloud.network.vpc } },
      aws_vpc_security_group_ingress_rule: {
        ssh: {
          security_group_id: reference('aws_security_group.group.id'),
          cidr_ipv4: '192.0.2.1/32',
          ip_protocol: 'tcp',
          from_port: 22,
          to_port: 22,
        },
      },
      aws_instance: {
        first: instance('first', {
          instance_initiated_shutdown_behavior: 'stop',
          associate_public_ip_address: true,
        }),
        second: instance('second', { instance_initiated_shutdown_behavior: 'terminate' }),
        spot: instance('spot', { instance_market_options: spot, associate_public_ip_address: false }),
      },
    },
  };
}
