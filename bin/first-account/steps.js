import { setTimeout as sleep } from 'node:timers/promises';
import { write } from './experiments.js';
import { leftOf, listed } from './left.js';
import { centsOf } from './prices.js';

const idleMinutes = 2;

/** The steps, in their order. Each gets what all share, compares, and returns the outcome of a command if that tells most.
 * @param options as they were asked for
 * @param name of the experiments */
export function stepsOf(options, name) {
  const { type, spot, idle } = options;
  return [
    { name: 'doctor', about: 'looks at this computer and at the account', cents: 0, run: doctor },
    { name: 'dry run', about: 'says what would be issued, and creates nothing', cents: 0, run: dryRun },
    { name: 'a type that does not exist', about: 'is refused, and creates nothing', cents: 0, run: noType },
    {
      name: 'deploy',
      about: `creates two machines of type ${type}, for some 10 minutes`,
      cents: centsOf(2, 10),
      run: deploy,
    },
    { name: 'status', about: 'until both jobs have ended', cents: 0, run: status },
    { name: 'logs', about: 'of a job that says hello', cents: 0, run: logs },
    { name: 'ssh', about: 'looks at a machine', cents: 0, run: ssh },
    ...(idle
      ? [
          {
            name: 'idle',
            about: 'waits until the machines stop by themselves, which the next step starts again',
            cents: centsOf(2, 15),
            run: untilStopped,
          },
        ]
      : []),
    { name: 'sync', about: 'collects the results', cents: 0, run: sync },
    { name: 'terminate', about: 'ends all', cents: 0, run: ({ world }) => end(world, name) },
    {
      name: 'nothing is left',
      about: 'as AWS itself lists it, and as doctor does',
      cents: 0,
      run: nothingLeft,
    },
    ...(spot
      ? [
          {
            name: 'spot',
            about: `creates a spot machine of type ${type}, for some 10 minutes, and ends it`,
            // At most the price of one on demand.
            cents: centsOf(1, 10),
            run: trySpot,
          },
        ]
      : []),
  ];
}

async function doctor({ world, record, options, name }) {
  await write(world, options, name, {
    experiment_conditions: ['--say hello', '--fail 3'],
    ...(options.idle && { idle_minutes: idleMinutes }),
  });
  await world.logistician(['setup', '--yes']);
  const outcome = await world.logistician(['doctor', `experiments/${name}`, '--json']);
  const { findings = [] } = parsed(outcome.stdout);
  for (const what of ['Terraform', 'aws', 'AWS account']) {
    const found = findings.find((finding) => finding.what === what);
    record.compare(`doctor: ${what}`, 'good', found?.state);
    record.note(what, found?.detail);
    if (found?.state !== 'good') throw new Error(`doctor says of ${what}: ${found?.detail}`);
  }
  return outcome;
}

async function dryRun({ world, record, name }) {
  const outcome = await world.logistician(['deploy', `experiments/${name}`, '--dry-run', '--yes']);
  record.compare('deploy --dry-run: exit code', 0, outcome.code);
  record.compare('deploy --dry-run: what AWS lists of it', 0, (await listed(world, [name])).length);
  return outcome;
}

async function noType({ world, record, options, name }) {
  const other = `${name}-type`;
  const folder = await write(world, options, other, {
    aws_instance_type: 't3.nosuch',
    experiment_conditions: ['--say no'],
  });
  const outcome = await world.logistician(['deploy', folder, '--yes']);
  record.compare('a type that does not exist: exit code', 1, outcome.code);
  const isSaid = /There is no instance type t3\.nosuch/.test(outcome.stderr);
  record.compare('a type that does not exist: is said', true, isSaid);
  record.compare('a type that does not exist: what AWS lists', 0, (await listed(world, [other])).length);
  return outcome;
}

async function deploy({ world, record, options, name }) {
  const outcome = await world.logistician(['deploy', `experiments/${name}`, '--yes'], 1800);
  record.compare('deploy: exit code', 0, outcome.code);
  const found = await listed(world, [name]);
  const instances = found.filter(({ kind }) => kind === 'instance').map(({ facts }) => facts);
  record.compare(
    'deploy: what AWS lists',
    'disk disk instance instance key pair security group',
    kinds(found),
  );
  record.compare(
    'machines: state',
    ['running', 'running'],
    instances.map(({ State }) => State.Name),
  );
  record.compare(
    'machines: type',
    [options.type, options.type],
    instances.map((one) => one.InstanceType),
  );
  if (!options.private)
    record.compare(
      'machines: with a public address',
      2,
      instances.filter((one) => one.PublicIpAddress).length,
    );
  const tokens = instances.map(({ MetadataOptions }) => MetadataOptions?.HttpTokens);
  record.compare('machines: metadata needs a token', ['required', 'required'], tokens);
  const disks = found.filter(({ kind }) => kind === 'disk').map(({ facts }) => facts);
  record.compare(
    'disks: encrypted',
    [true, true],
    disks.map(({ Encrypted }) => Encrypted),
  );
  const [group] = found.filter(({ kind }) => kind === 'security group').map(({ facts }) => facts);
  const rules = group?.IpPermissions ?? [];
  const open = rules.flatMap(({ ToPort, IpRanges }) =>
    IpRanges.map(({ CidrIp }) => `${ToPort} ${CidrIp.replace(/.*\//, '/')}`),
  );
  record.compare('firewall: open ports, and the size of the network that they are open to', ['22 /32'], open);
  record.note('disks, GiB', disks.map(({ Size }) => Size).join(' '), '20 20');
  record.note('seconds from deploy to delivered', outcome.seconds.toFixed(0), '20');
  if (outcome.code !== 0) throw new Error('deploy failed');
  return outcome;
}

async function status({ world, record, name, isOver }) {
  const began = Date.now();
  const seen = new Map();
  for (;;) {
    const outcome = await world.logistician(['status', `experiments/${name}`, '--json']);
    const { conditions = [] } = parsed(outcome.stdout);
    for (const { condition, state } of conditions) {
      const states = seen.get(condition) ?? [];
      if (states.at(-1) !== state) seen.set(condition, [...states, state]);
    }
    const states = conditions.map(({ state }) => state);
    if (states.length > 0 && states.every((state) => /succeeded|failed|lost|stopped/.test(state))) {
      record.compare('status: states at the end', ['succeeded', 'failed'], states);
      break;
    }
    if (isOver() || Date.now() - began > 1_200_000) {
      record.compare('status: states after 20 minutes', ['succeeded', 'failed'], states);
      break;
    }
    await sleep(3000);
  }
  for (const [condition, states] of seen) record.note(`states of ${condition}`, states.join(' > '));
  record.note('seconds until both jobs had ended', ((Date.now() - began) / 1000).toFixed(0), '5');
}

async function logs({ world, record, name }) {
  const outcome = await world.logistician(['logs', `experiments/${name}`, 'say-hello']);
  record.compare('logs: exit code', 0, outcome.code);
  record.compare('logs: the job said', true, outcome.stdout.includes('hello from hello'));
  const metadata = /metadata service is (\w+)/.exec(outcome.stdout)?.[1];
  record.compare('the metadata service, in a container', 'closed', metadata);
  return outcome;
}

const look = `id -un
systemctl is-active logistician-deadline.timer logistician-idle.timer | tr '\\n' ' '; echo
. /etc/os-release; echo "$PRETTY_NAME, $(uname -m)"
docker --version
cut -d ' ' -f 1 /proc/uptime
df -h --output=avail / | tail -n 1`;

async function ssh({ world, record, name }) {
  const words = ['ssh', `experiments/${name}`, 'say-hello', '--', 'sh', '-c', look];
  const outcome = await world.logistician(words);
  record.compare('ssh: exit code', 0, outcome.code);
  const [user, timers = '', system, docker, uptime, room] = outcome.stdout.trim().split('\n');
  record.compare('on the machine: user', 'ubuntu', user);
  record.compare('on the machine: what ends it later', 'active active', timers.trim());
  record.note('on the machine', `${system}; ${docker}; up for ${uptime} s; ${room?.trim()} free`);
  return outcome;
}

async function untilStopped({ world, record, name, isOver }) {
  const began = Date.now();
  for (;;) {
    const found = (await listed(world, [name])).filter(({ kind }) => kind === 'instance');
    const states = found.map(({ facts }) => facts.State.Name);
    const isLate = isOver() || Date.now() - began > (idleMinutes + 20) * 60_000;
    if (isLate || states.every((state) => state === 'stopped')) {
      record.compare('idle: machines', ['stopped', 'stopped'], states);
      record.note('seconds until both had stopped', ((Date.now() - began) / 1000).toFixed(0), '130');
      return;
    }
    await sleep(10_000);
  }
}

async function sync({ world, record, name }) {
  const folder = `experiments/${name}`;
  const outcome = await world.logistician(['sync', folder], 1800);
  record.compare('sync: exit code', 0, outcome.code);
  const receipts = world
    .list(folder, 'runs')
    .sort()
    .map((run) => ({ run, ...parsed(world.read(folder, 'runs', run, 'run.json')) }));
  const ends = receipts.map(({ state, exit_code }) => `${state} ${exit_code}`).sort();
  record.compare('receipts', ['failed 3', 'succeeded 0'], ends);
  const well = receipts.find(({ state }) => state === 'succeeded');
  const said = well && world.read(folder, 'runs', well.run, 'data', 'results', 'said.txt').trim();
  record.compare('sync: the result', 'hello', said);
  record.note('the machine, by its receipt', JSON.stringify(well?.machine ?? null));
  return outcome;
}

async function end(world, name) {
  return world.logistician(['terminate', `experiments/${name}`, '--yes'], 1200);
}

async function nothingLeft({ world, record, name }) {
  record.compare('after terminate: what AWS lists', '', kinds(await leftOf(world, [name])));
  const outcome = await world.logistician(['doctor', `experiments/${name}`, '--leaks', '--json']);
  const { findings = [] } = parsed(outcome.stdout);
  const ours = findings.filter(({ state, detail }) => state !== 'good' && detail.includes(name));
  record.compare('doctor --leaks: of this try', 0, ours.length);
}

async function trySpot(shared) {
  const { world, record, options } = shared;
  const name = `${shared.name}-spot`;
  const folder = await write(world, options, name, { aws_spot: true, experiment_conditions: ['--say spot'] });
  const outcome = await world.logistician(['deploy', folder, '--yes', '--wait', '--keep-failed'], 2400);
  record.compare('spot, deploy --wait: exit code', 0, outcome.code);
  const [receipt] = world
    .list(folder, 'runs')
    .map((run) => parsed(world.read(folder, 'runs', run, 'run.json')));
  record.compare('spot: the job', 'succeeded', receipt?.state);
  const ended = await end(world, name);
  record.compare('spot, terminate: exit code', 0, ended.code);
  record.compare('spot: what AWS lists after it', '', kinds(await leftOf(world, [name])));
  return outcome;
}

const kinds = (found) =>
  found
    .map(({ kind }) => kind)
    .sort()
    .join(' ');

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
