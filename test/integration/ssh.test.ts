import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, here } from '../../src/machines/connection.js';
import { folders } from '../../src/machines/job-script.js';
import type { JobReport } from '../../src/machines/job-state.js';
import { Machine } from '../../src/machines/machine.js';
import { command } from '../../src/shell/command.js';
import { CommandFailed, Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { Secret } from '../../src/shell/word.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import { isMissing } from '../support/engines.js';
import { hostileWords } from '../support/hostile-words.js';
import { isThere, Lab, output, stateOf, text } from '../support/lab.js';
import { scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';
import { Sshd } from '../support/sshd.js';
import { until } from '../support/until.js';

const files = {
  'work.sh': `
    printf '%s\\0' "$@" > /data/results/argv
    printf %s "$TOKEN" > /data/results/token
    echo '{"step":1,"loss":0.25}' > /data/measures/train.jsonl
    echo '{"accuracy":0.75}' > /data/measures/summary.json
    for n in 1 2 3 4 5; do echo "step $n"; sleep 0.1; done\n`,
  'saves-itself.sh': `
    trap 'echo saved > /data/results/saved; exit 0' TERM
    echo ready
    while :; do sleep 0.3; done\n`,
};

const secret = new Secret('TOKEN', `open "sesame" $HOME\n'`);

describe.skipIf(isMissing('docker', 'git', 'sshd'))('a machine over SSH', () => {
  const folder = scratchFolder();
  let sshd: Sshd;
  let overThere: Connection;
  const labs: Lab[] = [];
  const pool = new SshPool();

  beforeAll(async () => {
    sshd = await Sshd.start(join(folder, 'sshd'));
    overThere = sshd.connection('machine', pool);
  });

  afterAll(async () => {
    for (const lab of labs) await lab.close();
    pool.close();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets go of a server that stands still', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length;
    const own = new SshPool();
    const before = sockets();
    await sshd.connection('still', own).query(command('true'));
    expect(sockets()).toBe(before + 1);
    sshd.signalSessions('SIGSTOP');
    own.close();
    await until('the connection is gone', () => sockets() === before);
    sshd.signalSessions('SIGCONT');
  });

  const labOf = (connection: Connection) => {
    const lab = new Lab(files, connection, `it's "my" $HOME runs`);
    labs.push(lab);
    return lab;
  };

  /** All that a job's life shows: what was followed of its log, what it left, what is reported. */
  async function live(connection: Connection) {
    const sweep = await labOf(connection).sweep('sh work.sh', { container: { secrets: folders.secrets } });
    const job = sweep.job('work');
    await sweep.machine.putSecret(job.container, secret);
    await sweep.put(job, sweep.jobPart(job, hostileWords));
    await sweep.begin();
    const chunks: Buffer[] = [];
    const followed = await sweep.machine.log(job.folder, 0, true, {
      onStdout: (chunk) => void chunks.push(chunk),
    });
    await sweep.ended(job);
    const { lastLine, measure, summary, orphan, stalled, state } = await sweep.report(job);
    await sweep.machine.release(sweep.queue, sweep.deployment, []);
    return {
      code: followed.code,
      followed: Buffer.concat(chunks).toString(),
      log: output(job),
      argv: text(job, 'results', 'argv'),
      token: text(job, 'results', 'token'),
      report: { lastLine, measure, summary, orphan, stalled, state: stable(state) },
      left: ['source', 'home'].filter((name) => existsSync(join(job.folder, name))),
      container: isThere(job),
    };
  }

  slow('runs the same job by the same runner to the same end', async () => {
    const remote = await live(overThere);
    expect(remote).toMatchObject({
      code: 0,
      followed: 'step 1\nstep 2\nstep 3\nstep 4\nstep 5\n',
      argv: hostileWords.map((word) => `${word}\0`).join(''),
      // "$(cat)" takes the last line breaks of a value, here as everywhere.
      token: secret.reveal(),
      report: { state: { state: 'succeeded' }, measure: { loss: 0.25 }, summary: { accuracy: 0.75 } },
    });
    expect(remote).toEqual(await live(here('this computer')));
  });

  it('stops a job, which saves itself', async () => {
    const sweep = await labOf(overThere).sweep('sh saves-itself.sh');
    const [job, waiting] = [await sweep.add('saves'), await sweep.add('waits')];
    await sweep.begin();
    await sweep.says(job, 'ready');
    await sweep.machine.stop(sweep.queue, 10, [job.folder, waiting.folder]);
    expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
    expect(stateOf(waiting)).toMatchObject({ state: 'stopped', reason: 'user', started: null });
    expect(text(job, 'results', 'saved')).toBe('saved\n');
    await sweep.machine.release(sweep.queue, sweep.deployment, []);
    expect(isThere(job)).toBe(false);
  });

  it('writes a file byte for byte', async () => {
    const path = join(folder, `a "folder"`, `it's a $file`);
    const machine = new Machine(new Executor(new Journal(() => {})), overThere, 'runner.sh');
    await machine.makeFolder(join(path, '..'));
    await machine.writeFile(path, hostileWords.join('\n'));
    expect(readFileSync(path, 'utf8')).toBe(hostileWords.join('\n'));
  });

  it('is asked about more than a line may have', async () => {
    const text = 'a folder of a job\n'.repeat(20_000);
    const { code, stdout } = await overThere.query({ ...command('cat'), input: { text } });
    expect([code, stdout === text]).toEqual([0, true]);
  });

  it('sends nothing to a server with another host key', async () => {
    const stranger = await Sshd.start(join(folder, 'stranger'));
    try {
      // The server lets us in, but has another key.
      const before = stranger.log;
      const connection = stranger.connection('stranger', pool, sshd.hostKey);
      const machine = new Machine(new Executor(new Journal(() => {})), connection, 'runner.sh');
      const path = join(folder, 'never-written');
      const refused = await machine.writeFile(path, 'secret').catch((error) => error);
      expect(refused).toBeInstanceOf(CommandFailed);
      expect(refused.outcome).toMatchObject({ code: 255 });
      expect(refused.message).toContain('Host key verification failed');
      expect(existsSync(path)).toBe(false);
      expect(stranger.log.slice(before.length)).not.toMatch(/Accepted|Starting session/);

      // The same server and key do let in who knows them.
      const known = new Machine(
        new Executor(new Journal(() => {})),
        stranger.connection('known', pool),
        'runner.sh',
      );
      await known.writeFile(path, 'no secret');
      expect(readFileSync(path, 'utf8')).toBe('no secret');
      expect(stranger.log).toMatch(/Accepted publickey/);
    } finally {
      await stranger.stop();
    }
  });
});

/** A state without what differs from run to run. */
function stable(state: JobReport['state']) {
  const { container: _name, started: _started, finished: _finished, times, ...rest } = state ?? { times: {} };
  return { ...rest, times: Object.keys(times) };
}
