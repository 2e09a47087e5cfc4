// Measures target hosts with a hundred sshd's of this computer, whose Docker is this computer's too: all of them and
// the command line share its processors.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inTurns, median, seconds, sh } from './measure.js';
import { testSupport } from './test-support.js';

const many = 100;
const mib = (value) => `${Math.round(value)} MiB`;

/** @param project makes a project with an experiment */
export async function hosts({ work, cli, project, row, inSeconds }) {
  const { LightFleet } = await testSupport('light-fleet.ts');
  const fleet = await LightFleet.start(many);
  const home = join(work, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  cpSync(fleet.sshConfig, join(home, '.ssh/config'));
  const names = fleet.machines.map(({ name }) => name);
  const usageFile = join(work, 'usage.json');
  const env = {
    ...process.env,
    HOME: home,
    BENCH_USAGE: usageFile,
    NODE_OPTIONS: `--require ${fileURLToPath(new URL('usage.cjs', import.meta.url))}`,
  };
  const byHand = { env: { ...env, NODE_OPTIONS: '' } };
  const ours = (...words) => seconds([...cli, ...words], { env });
  const usage = () => JSON.parse(readFileSync(usageFile, 'utf8'));
  const peak = () => usage().maxRSS / 1024;
  const live = [];
  try {
    await machines();
    await copies();
  } finally {
    for (const experiment of live) ours('terminate', '--yes', experiment);
    await fleet.remove();
  }

  /** A sweep on so many machines whose jobs have ended. @returns also how long deploy took */
  async function deployed(name, count, { conditions = count, command = 'true' } = {}) {
    const { experiment } = project(name, {
      experiment_grid: { seed: Array.from({ length: conditions }, (_, seed) => seed) },
      experiment_command: command,
      target: 'hosts',
      hosts: names.slice(0, count),
    });
    ours('build', experiment);
    live.push(experiment);
    const took = ours('deploy', '--yes', experiment);
    const memory = peak();
    while (JSON.parse(sh(`${cli.join(' ')} status --json ${experiment}`, work, byHand.env)).live)
      await sleep(1000);
    return { experiment, took, memory };
  }

  async function machines() {
    // The same sweep on both: what is compared is what the number of machines costs.
    const one = await deployed('hosts-one', 1, { conditions: many });
    const all = await deployed('hosts-all', many);
    const [client, servers] = [[], []];
    const look = () => {
      const before = serverSeconds(fleet.folder);
      const took = ours('status', all.experiment);
      const { userCPUTime, systemCPUTime } = usage();
      client.push((userCPUTime + systemCPUTime) / 1e6);
      servers.push(serverSeconds(fleet.folder) - before);
      return took;
    };
    const [hundred, single] = inTurns(7, look, () => ours('status', one.experiment));
    look();
    const memory = peak();
    row(
      `\`status\` of ${many} conditions on ${many} machines over the same on one`,
      hundred / single,
      4,
      `${inSeconds(hundred)} over ${inSeconds(single)}; processor time of the ${many}: ${inSeconds(median(client))} here, ${inSeconds(median(servers))} in the machines' sshd`,
    );
    row(`memory of \`status\` of ${many} machines`, memory, 250, 'peak RSS', mib);
    const [allLogs, oneLog] = inTurns(
      3,
      () => ours('logs', all.experiment),
      () => ours('logs', one.experiment),
    );
    ours('logs', all.experiment);
    const detail = (value) => `peak RSS ${mib(value)}`;
    row(
      `\`logs\` of ${many} conditions on ${many} machines`,
      allLogs,
      null,
      `${inSeconds(oneLog)} on one; ${detail(peak())}`,
      inSeconds,
    );
    row(
      `\`deploy\` of ${many} conditions to ${many} machines, the image being there`,
      all.took,
      null,
      `${inSeconds(one.took)} to one; ${detail(all.memory)}`,
      inSeconds,
    );
  }

  async function copies() {
    const large = "sh -c 'head -c 1073741824 /dev/urandom >/data/results/large'";
    const small =
      "sh -c 'cd /data/results; mkdir $(seq 0 99); for n in $(seq 10000); do echo $n >$((n % 100))/$n; done'";
    const files = await deployed('hosts-small', 1, { command: small });
    copy('10,000 small files', 5, files.experiment);
    unchanged('10,000 small files', files.experiment, 1.5);
    copy('a file of 1 GiB', 3, (await deployed('hosts-large', 1, { command: large })).experiment);
    const little = await deployed('hosts-little', 1);
    ours('sync', little.experiment);
    unchanged('one trivial job', little.experiment, null);
  }

  /** The job folder of its one run over there, and how to fetch it by hand. */
  function rsync(experiment) {
    const [run] = readdirSync(join(experiment, 'runs')).filter((name) => !name.startsWith('.'));
    const { folder } = JSON.parse(readFileSync(join(experiment, 'runs', run, 'run.json'), 'utf8'));
    const config = join(experiment, '.logistician/ssh_config');
    const into = join(work, 'by-hand');
    return {
      data: join(experiment, 'runs', run),
      into,
      fetch: ['rsync', '-a', '-e', `ssh -F ${config}`, `${names[0]}:${folder}`, `${into}/`],
      /** Each makes a connection of its own. */
      disconnect: () => sh(`ssh -F ${config} -O exit ${names[0]} 2>/dev/null || true`, work, byHand.env),
    };
  }

  function copy(what, times, experiment) {
    const { data, into, fetch, disconnect } = rsync(experiment);
    // Put aside rather than removed: ext4 makes files slowly where many have just been removed.
    const aside = mkdtempSync(join(work, 'aside-'));
    const without = (turn, ...paths) => {
      for (const path of paths.filter((one) => existsSync(one)))
        renameSync(path, join(aside, `${turn}-${basename(path)}`));
      disconnect();
    };
    const [synced, bare] = inTurns(
      times,
      (turn) => {
        without(turn, join(data, 'data'), join(data, 'state.json'));
        return ours('sync', experiment);
      },
      (turn) => {
        without(turn, into);
        return seconds(fetch, byHand);
      },
    );
    row(
      `\`sync\` of ${what} over \`rsync -a\``,
      synced / bare,
      1.1,
      `${inSeconds(synced)} over ${inSeconds(bare)}`,
    );
  }

  function unchanged(what, experiment, bound) {
    const { fetch, disconnect } = rsync(experiment);
    const [synced, bare] = inTurns(
      7,
      () => {
        disconnect();
        return ours('sync', experiment);
      },
      () => {
        disconnect();
        return seconds(fetch, byHand);
      },
    );
    row(
      `\`sync\` of ${what}, nothing changed, over \`rsync -a\``,
      synced / bare,
      bound,
      `${inSeconds(synced)} over ${inSeconds(bare)}`,
    );
  }
}

/** Processor time of all that the servers have started and that has ended. */
function serverSeconds(folder) {
  let ticks = 0;
  for (const process of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${process}/cmdline`, 'utf8');
      if (!command.includes('sshd') || !command.includes(`${folder}/`)) continue;
      const fields = readFileSync(`/proc/${process}/stat`, 'utf8').split(') ').at(-1).split(' ');
      ticks += Number(fields[13]) + Number(fields[14]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / 100;
}
