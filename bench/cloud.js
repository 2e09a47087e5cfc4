// Measures target aws against the test cloud: real Terraform with its real provider, and behind the API nothing, or
// containers as machines. All of them share this computer's processors with the command line.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median } from './measure.js';
import { testSupport } from './test-support.js';

const few = 6;
const many = 200;
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
  else await withCloud({ machines: 3 }, toJobs);

  async function withCloud(options, measure) {
    const api = await Cloud.start(options);
    env = { ...process.env, HOME: home, ...api.env };
    try {
      await measure(api);
    } finally {
      await api.remove();
    }
  }

  function sweep(api, name, conditions) {
    const seeds = Array.from({ length: conditions }, (_, seed) => seed);
    const settings = {
      experiment_grid: { seed: seeds },
      ...{ target: 'aws', aws_instance_type: 't3.small', aws_subnet_id: api.subnet },
      ...{ aws_ssh_address: 'private', aws_ssh_cidr: '10.0.0.0/8' },
    };
    return project(name, settings).experiment;
  }

  function start(command, more = {}) {
    const [program, ...words] = command;
    const stdio = ['ignore', 'pipe', 'pipe'];
    return spawn(program, words, { env: { ...env, ...more }, stdio, cwd: work, detached: true });
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
    process.kill(-deploy.pid, 'SIGINT');
    await end.catch(() => {});
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

  async function toJobs(api) {
    const experiment = sweep(api, 'cloud-jobs', 3);
    const running = new Map();
    const deploy = ended(start([...cli, 'deploy', '--wait', '--yes', experiment]));
    let isOver = false;
    deploy
      .finally(() => {
        isOver = true;
      })
      .catch(() => {});
    while (!isOver) {
      for (const { state, tags } of await api.ec2.live()) {
        const condition = tags['logistician.condition'];
        if (state === 'running' && !running.has(condition)) running.set(condition, Date.now());
      }
      await sleep(100);
    }
    await deploy;
    const runs = readdirSync(join(experiment, 'runs')).filter((name) => !name.startsWith('.'));
    const waits = runs.map((name) => {
      const receipt = readFileSync(join(experiment, 'runs', name, 'run.json'), 'utf8');
      const { machine, started } = JSON.parse(receipt);
      return (Date.parse(started) - running.get(machine.name)) / 1000;
    });
    const detail =
      'test cloud: a container each, its image of the job built there; 10 s are the provider’s wait';
    row('a machine up to its job started', median(waits), null, detail, inSeconds);
  }
}

const mib = (kib) => `${Math.round(kib / 1024)} MiB`;

const peakOf = (pid) => mib(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const launches = ({ calls }) =>
  calls.filter(({ action }) => action === 'RunInstances').map(({ parameters }) => parameters.get('UserData'));

/** What a program has said so far, by its process. */
const outputs = new WeakMap();
const said = (child) => new Error(`${child.spawnargs.join(' ')} ended:\n${outputs.get(child)}`);

/** @throws what the program said if it fails */
function ended(child) {
  outputs.set(child, '');
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => outputs.set(child, outputs.get(child) + text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(said(child))));
  });
}

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
