import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { data, docker, isThere, Lab, output, signal, stateOf, text, workersOf } from '../support/lab.js';
import { slow } from '../support/slow.js';
import { SmallDisk } from '../support/small-disk.js';
import { until } from '../support/until.js';
import { TestUser } from '../support/user.js';

const megabytes = (count: number) => count * 2 ** 20;

const files = {
  'ok.sh': 'echo fine\n',
  'fills.sh': `
    [ "\${1-}" != modest ] || exit 0
    echo kept > result.txt
    head -c ${megabytes(200)} /dev/zero > /data/results/fill || { echo "no room for me" >&2; exit 9; }\n`,
  'fills-and-waits.sh': `
    head -c ${megabytes(200)} /dev/zero > /data/results/fill; echo full
    until [ -e /data/results/go ]; do sleep 0.3; done\n`,
  'daemon.sh': 'setsid sleep 1000 & echo "begun by $(hostname)"\n',
  'deaf.sh': 'trap "" TERM INT; echo deaf; n=0; while [ $n -lt 200 ]; do sleep 0.3; n=$((n + 1)); done\n',
  'junk.sh': `
    head -c 300000 /dev/urandom | tr -d '\\200-\\377' > /data/results/junk; cat /data/results/junk
    printf '\\n'; for n in $(seq 100); do printf '%s%%\\r' "$n"; done
    head -c 1000000 /dev/zero | tr '\\0' y; printf '\\n\\033[31mred\\a\\033]0;title\\a end\\000\\n'\n`,
};

describe.skipIf(isMissing('docker', 'git', 'root'))('the runner on a full disk', () => {
  let disk: SmallDisk;
  let lab: Lab;

  beforeAll(() => {
    disk = new SmallDisk(40);
    lab = disk.within(() => new Lab(files));
  });

  afterEach(() => disk.free());

  afterAll(async () => {
    await lab.close();
    disk.remove();
  });

  slow('says so where a job is laid out, and takes it once there is room', async () => {
    const sweep = await lab.sweep('sh ok.sh');
    const job = sweep.job('laid-out');
    const add = () => sweep.put(job, sweep.jobPart(job, []));
    for (const leaving of [0, 4096, 8192, 12_288]) {
      disk.fill(leaving);
      await expect(add(), `with ${leaving} bytes left`).rejects.toThrow(/No space left on device/);
      expect(stateOf(job)).toBeNull();
      disk.free();
    }
    await add();
    disk.fill();
    await expect(sweep.begin()).rejects.toThrow(/No space left on device/);
    expect(workersOf(sweep)).toEqual([]);
    disk.free();
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
  });

  it('a job that fills it fails for itself alone, with all that it said and made', async () => {
    const sweep = await lab.sweep('sh fills.sh');
    const jobs = [await sweep.add('fills'), await sweep.add('next', ['modest'])];
    const [job, next] = jobs as [(typeof jobs)[0], (typeof jobs)[0]];
    await sweep.begin();
    const exited = ['--filter', `name=^${job.container}$`, '--filter', 'status=exited'];
    await until('the job has ended', () => docker('ps', '--all', '--quiet', ...exited));
    // The runner is at a loss, and neither spins nor hurries on to the next.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await sweep.report(job)).toMatchObject({
      full: true,
      state: { state: expect.stringMatching(/fetching|running/) },
    });
    expect(await sweep.report(next)).toMatchObject({ full: true, state: { state: 'pending' } });
    expect(workersOf(sweep)).toHaveLength(1);
    expect(isThere(job)).toBe(true);

    rmSync(data(job, 'results', 'fill'));
    expect(await sweep.ended(job)).toMatchObject({
      state: 'failed',
      reason: 'exit',
      exit_code: 9,
      kept: 'copied',
    });
    expect(output(job)).toMatch(/No space left on device\nno room for me\n$/);
    expect(text(job, 'project', 'result.txt')).toBe('kept\n');
    expect(await sweep.ended(next)).toMatchObject({ state: 'succeeded' });
  });

  slow('stop ends a job that has filled it', async () => {
    const sweep = await lab.sweep('sh fills-and-waits.sh');
    const job = await sweep.add('fills');
    const waiting = await sweep.add('waits');
    await sweep.begin();
    await until('it is full', () => existsSync(data(job, 'results', 'fill')) && isFullIn(disk.root));
    // Whether there was room for the one folder that it makes, before any job is asked about.
    const said = await sweep.machine.stop(sweep.queue, 0, [job.folder, waiting.folder]).catch(String);
    expect(typeof said === 'string' ? said : [...said.values()].join(' ')).toMatch(
      /No space left on device|^full full$/,
    );
    expect(docker('inspect', '--format', '{{.State.Running}}', job.container)).toBe('false');
    rmSync(data(job, 'results', 'fill'));
    // As it said: not all have ended, and some may not even be marked.
    await sweep.machine.stop(sweep.queue, 0, [job.folder, waiting.folder]);
    expect(await sweep.ended(job)).toMatchObject({ state: 'stopped', reason: 'user' });
    expect(await sweep.ended(waiting)).toMatchObject({ state: 'stopped', reason: 'user' });
  });
});

const isFullIn = (folder: string) =>
  execFileSync('df', ['-Pk', folder]).toString().split('\n')[1]?.split(/\s+/)[3] === '0';

describe.skipIf(isMissing('docker', 'git'))('jobs with bad manners', () => {
  let lab: Lab;

  beforeAll(() => {
    lab = new Lab(files);
  });

  afterAll(() => lab.close());

  slow('a daemon that outlives its parent goes with the container', async () => {
    const sweep = await lab.sweep('sh daemon.sh');
    const job = await sweep.run('daemon');
    expect(job.state).toMatchObject({ state: 'succeeded' });
    const id = /begun by (\w+)/.exec(output(job))?.[1];
    const inIt = readdirSync('/proc').filter((pid) => cgroupOf(pid).includes(id ?? 'no id'));
    expect(inIt).toEqual([]);
  });

  slow('one that is deaf to SIGTERM is killed when its grace is over', async () => {
    const sweep = await lab.sweep('sh deaf.sh');
    const job = await sweep.add('deaf');
    await sweep.begin();
    await sweep.says(job, 'deaf');
    await sweep.machine.stop(sweep.queue, 2, [job.folder]);
    expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user', exit_code: 137 });
  });

  // Docker's own json-file stores text: bytes that are no UTF-8 are lost at once.
  slow('junk, progress bars and endless lines: one line of it is shown, and all bytes are kept', async () => {
    const sweep = await lab.sweep('sh junk.sh');
    const job = await sweep.run('junk');
    const bytes = readFileSync(data(job, 'logs', 'docker.txt'));
    const junk = readFileSync(data(job, 'results', 'junk'));
    expect(bytes.subarray(0, junk.length).equals(junk)).toBe(true);
    expect(bytes.includes('1%\r2%\r')).toBe(true);
    const { lastLine, state } = await sweep.report(job);
    expect(state?.state).toBe('succeeded');
    expect(lastLine).toMatch(/red/);
    expect(lastLine).not.toMatch(/[\r\n]/);
    expect(lastLine.length).toBeLessThan(5000);
  });
});

function cgroupOf(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cgroup'), 'utf8');
  } catch {
    return '';
  }
}

describe.skipIf(isMissing('docker', 'git', 'root'))('a job that is root, of a user who is not', () => {
  slow('is stopped, and what it wrote is its owner’s', async () => {
    const user = new TestUser();
    const lab = new Lab(
      { 'wait.sh': 'umask 077; mkdir /data/results/own; echo ready; exec sleep 100\n' },
      user.connection,
    );
    try {
      user.owns(lab.root);
      const sweep = await lab.sweep('sh wait.sh', { container: { extraArgs: ['--user', '0'] } });
      const job = await sweep.add('root');
      await sweep.begin();
      await sweep.says(job, 'ready');
      await sweep.machine.stop(sweep.queue, 1, [job.folder]);
      expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
      const foreign = execFileSync('find', [job.folder, '!', '-user', user.name]).toString();
      expect(foreign).toBe('');
      await until('its container is gone', () => !isThere(job));
      signal(job, 'after');
    } finally {
      await lab.close();
      await user.remove();
    }
    expect(baseImage).toBeTruthy();
  });
});
