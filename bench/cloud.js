// Measures target aws against the test cloud: real Terraform with its real provider, and behind the API nothing, or
// containers as machines. All of them share this computer's processors with the command line.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { callsOfWait, toJobs, waiting } from './cloud-machines.js';
import { median } from './measure.js';
import { ended, interrupt, said, start as startProgram } from './programs.js';
import { testSupport } from './test-support.js';

const few = 6;
const many = 200;
const planned = 1000;
const turns = 3;
const seconds = () => performance.now() / 1000;

/** @param project makes a project with an experiment */
export async function cloud({ work, cli, project, row, inSeconds }) {
  const { isMissing } = await testSupport('engines.ts');
  if (isMissing('moto', 'terraform', 'aws'))
    return console.log('left out: cloud, as there is no moto, Terraform with its AWS provider, or aws here');
  const { Cloud } = await testSupport('cloud/cloud.ts');
  const home = join(work, 'home-cloud');
  mkdirSync(home, { recursive: true });
  let env = { ...process.env, HOME: home };
  /** Every measurement begins with the provider in the cache. */
  const cache = {
    TF_PLUGIN_CACHE_DIR: join(home, '.logistician/plugin-cache'),
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: '1',
  };
  await ended(start([...cli, 'setup', '--yes']));

  await withCloud({}, async (api) => {
    await launched(sweep(api, 'cloud-first', 1));
    await clear(api);
    await overTerraform(api);
  });
  await withCloud({}, large);
  if (isMissing('docker', 'sshd', 'root'))
    console.log('left out: machines of the cloud, as there is no Docker, sshd or root here');
  else {
    const run = (words) => start([...cli, ...words]);
    await withCloud({ machines: 3 }, (api) => toJobs(api, { sweep, run, row, inSeconds }));
    await withCloud({ machines: waiting }, (api) => callsOfWait(api, { sweep, run, row }));
  }

  async function withCloud(options, measure) {
    const api = await Cloud.start(options);
    env = { ...process.env, HOME: home, ...api.env };
    try {
      await measure(api);
    } finally {
      await api.remove();
    }
  }

  function sweep(api, name, conditions, more = {}) {
    const seeds = Array.from({ length: conditions }, (_, seed) => seed);
    const settings = {
      experiment_grid: { seed: seeds },
      ...{ target: 'aws', aws_instance_type: 't3.small', aws_subnet_id: api.subnet },
      ...{ aws_ssh_address: 'private', aws_ssh_cidr: '10.0.0.0/8' },
      ...more,
    };
    return project(name, settings).experiment;
  }

  function start(command, more = {}) {
    return startProgram(command, { env: { ...env, ...more }, cwd: work });
  }

  /** `deploy` until Terraform has made all machines and where they are has been written down: behind the API alone
   *  there is nothing to wait for after that, and Ctrl-C ends it. */
  async function launched(experiment) {
    const begin = seconds();
    const deploy = start([...cli, 'deploy', '--yes', experiment]);
    const end = ended(deploy);
    const isThere = () => existsSync(join(experiment, '.logistician/ssh_config'));
    while (!isThere()) await Promise.race([sleep(20), end.then(() => Promise.reject(said(deploy)))]);
    const took = seconds() - begin;
    const memory = peakOf(deploy.pid);
    await interrupt(deploy, end);
    return { took, memory };
  }

  async function overTerraform(api) {
    const ours = [];
    const bare = [];
    for (let turn = 0; turn < turns; turn++) {
      const experiment = sweep(api, `cloud-${turn}`, few);
      ours.push((await launched(experiment)).took);
      await clear(api);
      const folder = join(work, `terraform-${turn}`);
      mkdirSync(folder);
      await cp(join(experiment, '.logistician/terraform/cdk.tf.json'), join(folder, 'cdk.tf.json'));
      const begin = seconds();
      for (const words of [['init'], ['apply', '-auto-approve']])
        await ended(start(['terraform', `-chdir=${folder}`, ...words, '-input=false'], cache));
      bare.push(seconds() - begin);
      await clear(api);
    }
    row(
      `\`deploy\` of ${few} machines over \`terraform init\` and \`apply\` of the same stack, by hand`,
      median(ours) / median(bare),
      1.15,
      `${inSeconds(median(ours))} over ${inSeconds(median(bare))}; against the API alone, until all are up and written down`,
    );
    const sizes = launches(api).map((text) => Buffer.from(text, 'base64').length);
    row('user data of a machine', Math.max(...sizes), 16_384, 'before it is encoded', (size) => `${size} B`);
  }

  async function large(api) {
    const plan = seconds();
    await ended(start([...cli, 'deploy', '--dry-run', sweep(api, 'cloud-plan', planned)]));
    row(
      `\`deploy --dry-run\` of ${planned.toLocaleString('en')} machines`,
      seconds() - plan,
      null,
      'each command line of it, and nothing is made',
      inSeconds,
    );
    const experiment = sweep(api, 'cloud-large', many);
    const { took, memory } = await launched(experiment);
    const up = (await api.ec2.live()).length;
    if (up !== many) throw new Error(`${up} of ${many} instances are there`);
    row(
      `\`deploy\` of ${many} machines`,
      took,
      null,
      `against the API alone, until all are up and written down; peak RSS ${memory}`,
      inSeconds,
    );
    const usage = join(work, 'usage-cloud.json');
    const begin = seconds();
    const node = `--require ${fileURLToPath(new URL('usage.cjs', import.meta.url))}`;
    const words = ['terminate', '--yes', '--discard', '--grace', '0', experiment];
    await ended(start([...cli, ...words], { BENCH_USAGE: usage, NODE_OPTIONS: node }));
    const left = await api.listAll();
    if (left.length > 0) throw new Error(`left at AWS: ${left.join(', ')}`);
    row(
      `\`terminate --discard\` of ${many} machines that do not answer`,
      seconds() - begin,
      null,
      `nothing is left; peak RSS ${mib(JSON.parse(readFileSync(usage, 'utf8')).maxRSS)}`,
      inSeconds,
    );
  }
}

const mib = (kib) => `${Math.round(kib / 1024)} MiB`;

const peakOf = (pid) => mib(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const launches = ({ calls }) =>
  calls.filter(({ action }) => action === 'RunInstances').map(({ parameters }) => parameters.get('UserData'));

/** Ends all that a stack has made, past all tools. */
async function clear({ ec2 }) {
  const live = await ec2.live();
  const named = Object.fromEntries(live.map(({ id }, n) => [`InstanceId.${n + 1}`, id]));
  if (live.length > 0) await ec2.call('TerminateInstances', named);
  for (const key of await ec2.list('DescribeKeyPairs', 'keySet/item'))
    await ec2.call('DeleteKeyPair', { KeyName: key.get('keyName') });
  for (const group of await ec2.list('DescribeSecurityGroups', 'securityGroupInfo/item'))
    if (group.get('groupName') !== 'default')
      await ec2.call('DeleteSecurityGroup', { GroupId: group.get('groupId') });
}
