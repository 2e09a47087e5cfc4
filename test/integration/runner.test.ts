import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { conditionFromArgv } from '../../src/experiment/condition.js';
import { folders, longestOptions } from '../../src/machines/job-script.js';
import type { JobState } from '../../src/machines/job-state.js';
import { Machine } from '../../src/machines/machine.js';
import { parseReport } from '../../src/machines/parse-report.js';
import { Secret } from '../../src/shell/word.js';
import { baseImage, isMissing } from '../support/engines.js';
import { hostileWords } from '../support/hostile-words.js';
import {
  data,
  docker,
  isThere,
  Lab,
  output,
  signal,
  stateOf,
  type TestJob,
  type TestSweep,
  text,
  workerOf,
  workersOf,
} from '../support/lab.js';
import { Repository } from '../support/repository.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

/** What the jobs here run; each is a file of the project. */
const scripts = {
  'ok.sh': 'echo fine',
  'exit.sh': 'exit "$1"',
  'nap.sh': 'sleep 0.5',
  'argv.sh': `for word in "$@"; do printf '%s\\0' "$word"; done > /data/results/argv`,
  'facts.sh': `
    printf '%s\\0' "$@" > /data/results/argv
    env -0 > /data/results/environment
    touch "$HOME/writable" && id -u > /data/results/uid && pwd > /data/results/folder
    git --version > /dev/null 2>&1; ls -A > /data/results/project`,
  'wait.sh': 'echo ready; until [ -e /data/results/go ]; do sleep 0.3; done; echo done',
  'saves-itself.sh': `
    trap 'sleep 0.3; echo saved > /data/results/saved; exit 0' TERM
    echo ready
    while :; do sleep 0.3; done`,
  'deaf.sh': `trap '' TERM; echo ready; while :; do sleep 0.3; done`,
  'count.sh': 'seq 1 100000',
  'changes.sh': `
    echo more >> README && mkdir -p out && echo model > out/model.bin && echo note > 'my notes.txt' && rm gone.txt
    echo odd > '--checkpoint=1' && mkdir __pycache__ && echo compiled > __pycache__/x.pyc`,
  'changes-and-waits.sh': `
    sh changes.sh; touch /data/results/changed
    until [ -e /data/results/go ]; do sleep 0.3; done`,
  'measures.sh': `
    printf '%s\\n' '{"step":1,"loss":0.5}' '{"step":2,"note":"a\\nb"}' > /data/measures/train.jsonl
    printf '{\\n  "accuracy": 0.9\\n}\\n' > /data/measures/summary.json
    printf '%s\\n' 'path C:\\new\\table' ''`,
  'secret.sh': `printf %s "$TOKEN" | sha256sum > /data/results/digest
    echo ready; until [ -e /data/results/go ]; do sleep 0.3; done`,
};

const files = {
  ...Object.fromEntries(Object.entries(scripts).map(([name, content]) => [name, `${content}\n`])),
  README: 'A project.\n',
  'gone.txt': 'Soon.\n',
  '.gitignore': 'out/\n',
};

describe.skipIf(isMissing('docker', 'git'))('the runner', () => {
  let lab: Lab;

  beforeAll(() => {
    // Every path of these tests is one that wants quoting.
    lab = new Lab(files, undefined, `it's "my" $HOME runs`);
  });

  afterAll(() => lab.close());

  describe('the queue', () => {
    it('works off five jobs on two slots, in order and two at a time', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const jobs: TestJob[] = [];
      for (const run of ['run-1', 'run-2', 'run-3', 'run-4', 'run-5']) jobs.push(await sweep.add(run));
      await sweep.begin(2);
      for (const job of jobs.slice(0, 2)) await sweep.says(job, 'ready');
      const states: JobState[] = [];
      for (const job of jobs) {
        await sweep.says(job, 'ready');
        signal(job, 'go');
        states.push(await sweep.ended(job));
      }

      expect(states.map((state) => state.state)).toEqual(Array(5).fill('succeeded'));
      const spans = states.map(
        ({ started, finished }) => [nanoseconds(started), nanoseconds(finished)] as const,
      );
      const atWork = spans.map(([start]) => spans.filter(([from, to]) => from <= start && start < to).length);
      expect(Math.max(...atWork)).toBe(2);
      // With two slots a job begins when all but one of those before it have ended.
      spans.forEach(([start], index) => {
        const endedBefore = spans.slice(0, index).filter(([, end]) => end <= start).length;
        expect(endedBefore).toBeGreaterThanOrEqual(index - 1);
      });
      expect(new Set(states.map((state) => state.slot))).toEqual(new Set(['1', '2']));
    });

    it('T22: works without what the caller had in its environment', async () => {
      process.env.CALLERS_TOKEN = 'hunter2';
      process.env.DOCKER_CLI_HINTS = 'false';
      const sweep = await lab.sweep('sh nap.sh');
      const job = await sweep.add('alone');
      await sweep.begin();
      await until('a worker', () => workersOf(sweep).length > 0);
      const environments = workersOf(sweep).map((pid) =>
        readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'),
      );
      delete process.env.CALLERS_TOKEN;
      delete process.env.DOCKER_CLI_HINTS;
      for (const variables of environments) {
        expect(variables.filter((one) => /CALLERS_TOKEN|hunter2|VITEST/.test(one))).toEqual([]);
        expect(variables).toContain('DOCKER_CLI_HINTS=false');
        expect(variables).toContain(`PATH=${process.env.PATH}`);
      }
      expect((await sweep.ended(job)).state).toBe('succeeded');
    });

    slow('goes on after jobs that fail', async () => {
      const sweep = await lab.sweep('sh exit.sh');
      const jobs = [
        await sweep.add('zero', ['0']),
        await sweep.add('three', ['3']),
        await sweep.add('again', ['0']),
      ];
      await sweep.begin();
      const states: JobState[] = [];
      for (const job of jobs) states.push(await sweep.ended(job));
      expect(states.map(({ state, reason, exit_code }) => [state, reason, exit_code])).toEqual([
        ['succeeded', null, 0],
        ['failed', 'exit', 3],
        ['succeeded', null, 0],
      ]);
      const starts = states.map((state) => nanoseconds(state.started));
      expect(starts).toEqual([...starts].sort());
    });

    slow(
      'N19: after three jobs in a row that could not be started no other is tried, until it is told to go on',
      async () => {
        const sweep = await lab.sweep('sh ok.sh', {
          container: { extraArgs: ['--network', 'container:none-of-the-kind'] },
        });
        const runs = ['one', 'two', 'three', 'four', 'five'];
        const jobs: TestJob[] = [];
        for (const run of runs) jobs.push(await sweep.add(run));
        const states = () => jobs.map((job) => stateOf(job)?.state);
        await sweep.begin();
        await sweep.ended(jobs[2] as TestJob);
        await sweep.isFree();
        const held = ['failed', 'failed', 'failed', 'pending', 'pending'];
        expect(states()).toEqual(held);
        const report = () => sweep.machine.report(sweep.queue, []);
        expect(await report()).toMatchObject({ stalled: false, held: { why: 'start', failures: 3 } });
        await sweep.machine.beginAgain(sweep.queue, ['-']);
        await sweep.isFree();
        expect(states()).toEqual(held);
        expect(await sweep.verb(['stop', sweep.queue, '1', jobs[4]?.folder ?? ''])).toMatchObject({
          code: 0,
        });
        await sweep.begin();
        await sweep.ended(jobs[3] as TestJob);
        await sweep.isFree();
        expect(states()).toEqual(['failed', 'failed', 'failed', 'failed', 'stopped']);
        expect((await report()).held).toBeNull();
      },
    );

    slow(
      'N19: --max-failures starts no other job once so many have failed; those between may succeed',
      async () => {
        const sweep = await lab.sweep('sh exit.sh');
        const codes = ['1', '0', '1', '0', '1'];
        const jobs: TestJob[] = [];
        for (const [index, code] of codes.entries()) jobs.push(await sweep.add(`run-${index}`, [code]));
        const states = () => jobs.map((job) => stateOf(job)?.state);
        await sweep.machine.begin(sweep.queue, { slots: ['-'], maxFailures: 2 });
        await sweep.ended(jobs[2] as TestJob);
        await sweep.isFree();
        expect(states()).toEqual(['failed', 'succeeded', 'failed', 'pending', 'pending']);
        const { stalled, held } = await sweep.machine.report(sweep.queue, []);
        expect({ stalled, held }).toEqual({ stalled: false, held: { why: 'failures', failures: 2 } });
        await sweep.machine.begin(sweep.queue, { slots: ['-'], maxFailures: 2 });
        await sweep.ended(jobs[4] as TestJob);
        expect(states().slice(3)).toEqual(['succeeded', 'failed']);
        // Another machine's failures hold it too.
        await sweep.machine.hold(sweep.queue, 7);
        const last = await sweep.add('last', ['0']);
        await sweep.machine.beginAgain(sweep.queue, ['-']);
        await sweep.isFree();
        expect(stateOf(last)?.state).toBe('pending');
      },
    );

    slow('takes a job that is added twice once', async () => {
      const sweep = await lab.sweep('sh argv.sh');
      await sweep.add('first', ['a']);
      const again = await sweep.add('first', ['b']);
      expect(readdirSync(join(sweep.queue, 'waiting'))).toHaveLength(1);
      await sweep.begin();
      await sweep.ended(again);
      expect(text(again, 'results', 'argv')).toBe('a\0');
      await sweep.put(again, sweep.jobPart(again, ['c']));
      expect(readdirSync(join(sweep.queue, 'waiting'))).toEqual([]);
      expect(stateOf(again)?.state).toBe('succeeded');
    });

    slow(
      'takes jobs that arrive whole, in their order, and none of those that were cut off on the way',
      async () => {
        const sweep = await lab.sweep('sh argv.sh');
        const jobs = ['one', 'two', 'three'].map((run) => sweep.job(run));
        const parts = jobs.map((job) => ({
          folder: job.folder,
          script: sweep.jobPart(job, [job.run, 'ä\n']),
        }));
        const half = new Machine(
          sweep.executor,
          {
            ...lab.connection,
            reach: (there) => {
              const text = there.input && 'text' in there.input ? String(there.input.text) : '';
              return { ...there, input: { text: text.slice(0, -1) } };
            },
          },
          join(sweep.queue, 'runner.sh'),
        );
        await expect(sweep.deliver(parts, half)).rejects.toThrow('bytes have arrived');
        expect(jobs.filter((job) => existsSync(job.folder))).toEqual([]);
        await sweep.deliver(parts);
        await sweep.begin();
        for (const job of jobs) {
          expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
          expect(text(job, 'results', 'argv')).toBe(`${job.run}\0ä\n\0`);
        }
        const began = jobs.map((job) => stateOf(job)?.started ?? '');
        expect(began).toEqual([...began].sort());
      },
    );

    slow('has one worker a slot, however often it begins', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const [first, second] = [await sweep.add('first'), await sweep.add('second')];
      await Promise.all([sweep.begin(), sweep.begin(), sweep.begin()]);
      await sweep.says(first, 'ready');
      await sweep.begin();
      expect(stateOf(second)?.state).toBe('pending');
      expect(workersOf(sweep)).toEqual([workerOf(sweep)]);
      signal(first, 'go');
      signal(second, 'go');
      await sweep.ended(second);
      await until('the slot is free', () => !existsSync(join(sweep.queue, 'slots', '1', 'owner')));
    });

    slow(
      'goes on with a job added while it works, and one whose folder was removed does not hold it up',
      async () => {
        const sweep = await lab.sweep('sh ok.sh');
        const removed = await sweep.add('removed');
        execFileSync('rm', ['-rf', removed.folder]);
        await sweep.begin();
        const late = await sweep.run('late');
        expect(late.state.state).toBe('succeeded');
      },
    );
  });

  describe('how a job ends', () => {
    it('fails with the output of a build that fails', async () => {
      lab.project.write({ 'broken/Dockerfile': `FROM ${baseImage}\nRUN echo this will not do && exit 4\n` });
      lab.project.commit('A broken image');
      const tree = lab.project.git('rev-parse', 'HEAD:broken');
      const image = {
        tag: `logistician-test/broken:${tree.slice(0, 12)}`,
        tree,
        dockerfile: 'Dockerfile',
        leftOut: 'parameters.json',
        labels: {},
        bases: [],
      };
      const sweep = await lab.sweep('sh ok.sh', { image });
      const job = await sweep.run('broken');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'build', exit_code: null, started: null });
      expect(text(job, 'logs', 'build.txt')).toContain('this will not do');
      expect((await sweep.report(job)).lastLine).toContain('exit 4');
      // L37: that is what there is to be read of it.
      expect(await read(sweep, job)).toBe(text(job, 'logs', 'build.txt'));
      const step = /Running in ([0-9a-f]{12})/.exec(text(job, 'logs', 'build.txt'))?.[1];
      if (step) expect(docker('ps', '--all', '--quiet', '--filter', `id=${step}`)).toBe('');
    });

    it('builds the image from the git tree, then runs in it', async () => {
      lab.project.write({
        'good/Dockerfile': `FROM ${baseImage}\nCOPY message /message\n`,
        'good/message': 'from git\n',
      });
      lab.project.commit('An image');
      lab.project.write({ 'good/message': 'not committed\n' });
      const tree = lab.project.git('rev-parse', 'HEAD:good');
      const tag = `logistician-test/good:${lab.root.slice(-6).toLowerCase()}`;
      const image = {
        tag,
        tree,
        dockerfile: 'Dockerfile',
        leftOut: 'parameters.json',
        labels: { 'logistician.context': tree },
        bases: [],
      };
      try {
        const sweep = await lab.sweep('cat /message', { image });
        const job = await sweep.run('good');
        expect(job.state.state).toBe('succeeded');
        expect(output(job)).toBe('from git\n');
        expect(Object.keys(job.state.times)).toEqual([
          'pending',
          'fetching',
          'building',
          'running',
          'succeeded',
        ]);
        expect(
          docker(
            'image',
            'inspect',
            '--format',
            '{{.Id}} {{index .Config.Labels "logistician.context"}}',
            tag,
          ),
        ).toBe(`${job.state.image} ${tree}`);
      } finally {
        docker('image', 'rm', '--force', tag);
        lab.project.git('checkout', '--quiet', '--', '.');
      }
    });

    it('fails where the commit does not exist', async () => {
      const source = {
        repository: lab.project.root,
        commit: '0123456789012345678901234567890123456789',
        submodules: [],
        lfs: null,
      };
      const sweep = await lab.sweep('sh ok.sh', { source });
      const job = await sweep.run('unknown');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'fetch' });
      expect((await sweep.report(job)).lastLine).toContain('0123456789');
    });

    slow(
      'that fails and says nothing, has nothing to show: neither its build nor what was fetched',
      async () => {
        const sweep = await lab.sweep("sh -c 'exit 3'");
        const job = await sweep.run('silent');
        expect(job.state).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 3 });
        writeFileSync(join(job.folder, 'data', 'logs', 'build.txt'), 'Successfully tagged test:latest\n');
        expect((await sweep.report(job)).lastLine).toBe('');
        expect(await read(sweep, job)).toBe('');
      },
    );

    slow('fails with 127 where the image has no such command', async () => {
      const job = await (await lab.sweep('no-such-program')).run('missing');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 127 });
      expect(output(job)).toContain('no-such-program');
    });

    it("fails with 127 where the image's own program is not there", async () => {
      const sweep = await lab.sweep(null, { container: { extraArgs: ['--entrypoint', '/no/such/program'] } });
      const job = await sweep.run('missing');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 127 });
      expect((await sweep.report(job)).lastLine).toContain('/no/such/program');
    });

    slow(
      'M17: fails to start where Docker refuses, and says what Docker said, also after a build',
      async () => {
        const sweep = await lab.sweep('sh ok.sh', {
          container: { extraArgs: ['--network', 'no-such-network'] },
        });
        const job = await sweep.run('refused');
        expect(job.state).toMatchObject({ state: 'failed', reason: 'start', exit_code: 125, started: null });
        expect((await sweep.report(job)).lastLine).toContain('no-such-network');
        writeFileSync(join(job.folder, 'data', 'logs', 'build.txt'), 'Successfully tagged test:latest\n');
        expect((await sweep.report(job)).lastLine).toContain('no-such-network');
        // L37: followed, too, and counted from its end.
        const said = text(job, 'logs', 'runner.txt');
        expect([await read(sweep, job), await read(sweep, job, 0, true)]).toEqual([said, said]);
        const offset = await sweep.machine.offset(job.folder, { tail: 1 });
        expect(await read(sweep, job, offset)).toBe(said.slice(said.trimEnd().lastIndexOf('\n') + 1));
      },
    );

    slow('is failed with 137 when a user kills the container', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const job = await sweep.add('killed');
      await sweep.begin();
      await sweep.says(job, 'ready');
      docker('kill', job.container);
      expect(await sweep.ended(job)).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 137 });
    });

    it('is stopped at its deadline', async () => {
      const sweep = await lab.sweep('sh saves-itself.sh', { maxHours: 2 / 3600 });
      const job = await sweep.run('late');
      expect(job.state).toMatchObject({ state: 'stopped', reason: 'deadline' });
      expect(text(job, 'results', 'saved')).toBe('saved\n');
    });
  });

  describe('what a job is given', () => {
    let job: TestJob & { state: JobState };
    const environment = () =>
      Object.fromEntries(
        text(job, 'results', 'environment')
          .split('\0')
          .filter(Boolean)
          .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
      );

    beforeAll(async () => {
      const sweep = await lab.sweep('sh facts.sh', {
        container: { environment: { GREETING: `it's "$HOME"`, EMPTY: '' } },
      });
      job = await sweep.run('facts', hostileWords);
    });

    it('gets its arguments byte for byte', () => {
      expect(job.state.state).toBe('succeeded');
      expect(text(job, 'results', 'argv')).toBe(hostileWords.map((word) => `${word}\0`).join(''));
    });

    it('finds them in OPTIONS as shell words too', () => {
      expect(environment().OPTIONS).toBe(conditionFromArgv(hostileWords).options);
      const back = execFileSync('sh', ['-c', `printf '%s\\0' ${environment().OPTIONS}`]);
      expect(back.toString()).toBe(hostileWords.map((word) => `${word}\0`).join(''));
    });

    it('finds its places in variables and in the configuration file', () => {
      expect(environment()).toMatchObject({
        CONFIGURATION_FILE: '/data/config/configuration.json',
        LOGISTICIAN_INPUT_DIRECTORY: '/data/input',
        LOGISTICIAN_OUTPUT_DIRECTORY: '/data/results',
        LOGISTICIAN_MEASURES_DIRECTORY: '/data/measures',
        LOGISTICIAN_SUMMARY_MEASURES_PATH: '/data/measures/summary.json',
        LOGISTICIAN_STATE_DIRECTORY: '/data/state',
        GREETING: `it's "$HOME"`,
        EMPTY: '',
      });
      const configuration = JSON.parse(text(job, 'config', 'configuration.json'));
      expect(configuration).toEqual({ run: 'facts', argv: hostileWords });
      expect(JSON.parse(readFileSync(join(job.folder, 'job.json'), 'utf8'))).toEqual(configuration);
    });

    it('has a home, a name and the checkout as its folder', () => {
      const user = execFileSync('id', ['-un']).toString().trim();
      expect(environment()).toMatchObject({ HOME: '/home/logistician', USER: user, LOGNAME: user });
      expect(text(job, 'results', 'folder')).toBe('/project\n');
      expect(text(job, 'results', 'project').split('\n')).toEqual(
        expect.arrayContaining(['.git', 'README', 'facts.sh']),
      );
    });

    it('leaves nothing but its record and its data', () => {
      expect(existsSync(join(job.folder, 'source'))).toBe(false);
      expect(existsSync(join(job.folder, 'home'))).toBe(false);
      expect(isThere(job)).toBe(false);
    });

    slow('gets no OPTIONS beyond what Linux takes, and its arguments all the same', async () => {
      const argv = ['a'.repeat(70_000), 'b'.repeat(70_000)];
      expect(conditionFromArgv(argv).options.length).toBeGreaterThan(longestOptions);
      const big = await (await lab.sweep('sh facts.sh')).run('big', argv);
      expect(big.state.state).toBe('succeeded');
      expect(text(big, 'results', 'argv')).toBe(`${argv.join('\0')}\0`);
      expect(text(big, 'results', 'environment')).not.toMatch(/(^|\0)OPTIONS=/);
    });

    slow("gets OPTIONS alone where the image's own program runs", async () => {
      const sweep = await lab.sweep(null, { container: { extraArgs: ['--entrypoint', 'env'] } });
      const own = await sweep.add('own');
      await sweep.machine.stop(sweep.queue, 1, [own.folder]);
      const withOptions = sweep.job('with-options');
      const script = sweep.jobPart(withOptions, []).replace("options=''", "options='--lr 0.1'");
      await sweep.put(withOptions, script);
      await sweep.begin();
      expect(await sweep.ended(withOptions)).toMatchObject({ state: 'succeeded' });
      expect(output(withOptions).split('\n')).toContain('OPTIONS=--lr 0.1');
    });
  });

  describe('stop', () => {
    it('takes a waiting job out of the queue', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const [atWork, waiting] = [await sweep.add('at-work'), await sweep.add('waiting')];
      await sweep.begin();
      await sweep.says(atWork, 'ready');
      await sweep.machine.stop(sweep.queue, 1, [waiting.folder]);
      expect(stateOf(waiting)).toMatchObject({ state: 'stopped', reason: 'user', exit_code: null });
      signal(atWork, 'go');
      expect(await sweep.ended(atWork)).toMatchObject({ state: 'succeeded' });
      await until('the worker ends', () => workersOf(sweep).length === 0);
      expect(stateOf(waiting)).toMatchObject({ state: 'stopped', started: null });
      expect(output(waiting)).toBe('');
    });

    // In a pipe a shell is around the job, which has to outlive the signal that both of them get.
    it.each(['sh saves-itself.sh', 'cat /dev/null | sh saves-itself.sh'])(
      'lets a running job save itself: %s',
      async (command) => {
        const sweep = await lab.sweep(command);
        const job = await sweep.add('saves');
        await sweep.begin();
        await sweep.says(job, 'ready');
        await sweep.machine.stop(sweep.queue, 20, [job.folder]);
        expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
        expect(text(job, 'results', 'saved')).toBe('saved\n');
      },
    );

    it('kills one that ignores SIGTERM when its grace is over', async () => {
      const sweep = await lab.sweep('sh deaf.sh');
      const job = await sweep.add('deaf');
      await sweep.begin();
      await sweep.says(job, 'ready');
      const before = Date.now();
      await sweep.machine.stop(sweep.queue, 1, [job.folder]);
      expect(Date.now() - before).toBeGreaterThanOrEqual(1000);
      expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user', exit_code: 137 });
    });

    slow('ends jobs that are just about to start, all at once', async () => {
      const sweep = await lab.sweep('sh saves-itself.sh');
      const jobs = [await sweep.add('one'), await sweep.add('two'), await sweep.add('three')];
      await sweep.begin(2);
      await sweep.machine.stop(
        sweep.queue,
        5,
        jobs.map((job) => job.folder),
      );
      for (const job of jobs)
        expect(await sweep.ended(job)).toMatchObject({ state: 'stopped', reason: 'user' });
    });

    slow('does nothing to a job that has ended', async () => {
      const sweep = await lab.sweep('sh ok.sh');
      const job = await sweep.run('over');
      await sweep.machine.stop(sweep.queue, 5, [job.folder]);
      expect(stateOf(job)).toEqual(job.state);
    });
  });

  describe('logs', () => {
    slow('has every line of a hundred thousand, in order', async () => {
      const job = await (await lab.sweep('sh count.sh')).run('count');
      const all = Array.from({ length: 100_000 }, (_, index) => `${index + 1}\n`).join('');
      expect(output(job) === all).toBe(true);
    });

    slow('is read from a byte on, followed to the end, and found by time and by lines', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const job = await sweep.add('talks');
      await sweep.begin();
      await sweep.says(job, 'ready');
      expect(await read(sweep, job, 0, false)).toBe('ready\n');
      expect(await read(sweep, job, 3, false)).toBe('dy\n');
      const followed = read(sweep, job, 2, true);
      await until('the runner takes the time', () => timesOf(job).endsWith(' 6\n'));
      const between = new Date();
      await until('a second later', () => Date.now() >= Math.floor(between.getTime() / 1000 + 1) * 1000);
      signal(job, 'go');
      expect(await followed).toBe('ady\ndone\n');
      expect(stateOf(job)?.state).toBe('succeeded');
      expect(await read(sweep, job, 11, true)).toBe('');
      expect(await sweep.machine.offset(job.folder, { since: between })).toBe(6);
      expect(await sweep.machine.offset(job.folder, { since: new Date(0) })).toBe(0);
      expect(await sweep.machine.offset(job.folder, { tail: 1 })).toBe(6);
      expect(await sweep.machine.offset(job.folder, { tail: 10 })).toBe(0);
      await sweep.ended(job);
    });
  });

  describe('what comes of a job', () => {
    it('M4: keeps what it changed in its checkout, ignored files too; what takes no room takes none there', async () => {
      const job = await (await lab.sweep('truncate -s 1000G README.map; sh changes.sh')).run('changes');
      const { size, blocks } = statSync(data(job, 'project', 'README.map'));
      expect([size, blocks < 1000]).toEqual([1000 * 2 ** 30, true]);
      expect(job.state).toMatchObject({ state: 'succeeded', kept: 'copied' });
      expect(text(job, 'project', 'README')).toBe('A project.\nmore\n');
      expect(text(job, 'project', 'out', 'model.bin')).toBe('model\n');
      expect(readdirSync(data(job, 'project')).sort()).toEqual([
        '--checkpoint=1',
        'README',
        'README.map',
        'my notes.txt',
        'out',
      ]);
    });

    slow('keeps what it added to git there, and what it committed', async () => {
      const sweep = await lab.sweep('sh changes-and-waits.sh');
      const job = await sweep.add('commits');
      await sweep.begin();
      await until('it has changed all', () => existsSync(data(job, 'results', 'changed')));
      const git = (...words: string[]) =>
        execFileSync('git', [
          '-C',
          join(job.folder, 'source'),
          '-c',
          'user.name=a',
          '-c',
          'user.email=a@b',
          ...words,
        ]);
      git('add', '--force', 'README', 'out');
      git('commit', '--quiet', '--all', '--message', 'Results');
      git('add', 'my notes.txt');
      signal(job, 'go');
      expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded', kept: 'copied' });
      expect(text(job, 'project', 'README')).toBe('A project.\nmore\n');
      expect(text(job, 'project', 'out', 'model.bin')).toBe('model\n');
      expect(readdirSync(data(job, 'project'))).toContain('my notes.txt');
      expect(existsSync(join(job.folder, 'index'))).toBe(false);
    });

    describe('that has submodules', () => {
      let own: Lab;
      /** A program that no setting of a job's may make us run: it leaves this behind. */
      const ran = () => join(own.root, 'ran');
      const path = 'libs/in ner';

      beforeEach(() => {
        const sneaks = `printf '[filter "x"]\\n\\tclean = touch "%s"; cat\\n' "$1" >> "$2/.git/config"
          echo '* filter=x' > "$2/.git/info/attributes"; touch "$2"/*`;
        own = new Lab({
          'changes.sh': `sneak() { ${sneaks}; }
            echo out > outer.txt; cd '${path}'; echo more >> lib.txt; mkdir new; echo model > new/model.bin
            sneak "$1" .; cd ../..; sneak "$1" .`,
          'replaces.sh': `rm -rf libs; ln -s "$1" libs`,
        });
        const inner = Repository.create({ 'lib.txt': 'lib\n' }, join(own.root, 'elsewhere', 'in ner'));
        own.project.git('update-index', '--add', '--cacheinfo', `160000,${inner.head},${path}`);
        own.project.git('commit', '--quiet', '--message', 'With a submodule');
      });
      afterEach(() => own.close());

      const sweep = (command: string) => {
        const { root: repository, head: commit } = new Repository(join(own.root, 'elsewhere', 'in ner'));
        const submodules = [{ path, repository, commit, lfs: null }];
        const { root, head } = own.project;
        return own.sweep(command, { source: { repository: root, commit: head, submodules, lfs: null } });
      };

      slow('keeps what it changed in them, and runs nothing that it has set there', async () => {
        const job = await (await sweep('sh changes.sh')).run('changes', [ran()]);
        expect(job.state).toMatchObject({ state: 'succeeded', kept: 'copied' });
        expect(text(job, 'project', 'outer.txt')).toBe('out\n');
        expect(text(job, 'project', path, 'lib.txt')).toBe('lib\nmore\n');
        expect(text(job, 'project', path, 'new', 'model.bin')).toBe('model\n');
        expect(readdirSync(data(job, 'project', path)).sort()).toEqual(['lib.txt', 'new']);
        expect(existsSync(ran())).toBe(false);
      });

      slow('lets alone what it has put in their place', async () => {
        const config = () => readFileSync(join(own.root, 'elsewhere', 'in ner', '.git', 'config'), 'utf8');
        const before = config();
        writeFileSync(join(own.root, 'elsewhere', 'in ner', 'private.txt'), 'private');
        const job = await (await sweep('sh replaces.sh')).run('replaces', [join(own.root, 'elsewhere')]);
        expect(job.state).toMatchObject({ state: 'succeeded' });
        expect(config()).toBe(before);
        expect(lstatSync(data(job, 'project', 'libs')).isSymbolicLink()).toBe(true);
      });
    });

    slow('keeps nothing of a checkout that it left alone', async () => {
      const job = await (await lab.sweep('sh ok.sh')).run('untouched');
      expect(job.state.kept).toBeNull();
      expect(existsSync(data(job, 'project'))).toBe(false);
    });

    slow('is reported with its measures and its last line, backslashes and all', async () => {
      const sweep = await lab.sweep('sh measures.sh');
      const job = await sweep.run('measures');
      const report = await sweep.report(job);
      expect(report).toMatchObject({
        stalled: false,
        folder: job.folder,
        state: job.state,
        orphan: false,
        lastLine: 'path C:\\new\\table',
        measure: { step: 2, note: 'a\nb' },
        summary: { accuracy: 0.9 },
      });
      expect(report.output).toBeUndefined();
    });

    slow('is reported at its end without a program that is started for it', async () => {
      const sweep = await lab.sweep('sh measures.sh');
      const job = await sweep.run('measures');
      const waiting = await sweep.add('waiting');
      await sweep.machine.stop(sweep.queue, 1, [waiting.folder]);
      const { queue } = sweep;
      const none = ['env', 'PATH=/nowhere', '/bin/sh', join(queue, 'runner.sh'), 'report', queue];
      const input = { text: `${job.folder}\n${waiting.folder}\n` };
      const { code, stdout, stderr } = await sweep.lab.connection.query({ argv: none, input });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(parseReport(stdout).jobs).toMatchObject([
        { lastLine: 'path C:\\new\\table', measure: { step: 2 }, summary: { accuracy: 0.9 } },
        { state: { state: 'stopped' }, lastLine: '', measure: null, summary: null },
      ]);
    });

    slow('is reported with a summary that is too long to be read again by the shell', async () => {
      const sweep = await lab.sweep(
        `printf '{"text":"%09000d"}' 0 >/data/measures/summary.json; echo 1 >/data/measures/loss.txt`,
      );
      const job = await sweep.run('talks');
      expect(await sweep.report(job)).toMatchObject({
        measure: { loss: 1 },
        summary: { text: '0'.repeat(9000) },
      });
      expect(existsSync(join(job.folder, 'report'))).toBe(false);
    });

    slow('is reported with the end of its output on request', async () => {
      const sweep = await lab.sweep(`printf 'one\\ntwo\\0\\r\\n\\nthree'`);
      const job = await sweep.run('prints');
      const end = async (bytes: number) =>
        (await sweep.machine.report(sweep.queue, [job.folder], bytes)).jobs[0]?.output;
      expect(await end(1000)).toEqual({ text: 'one\ntwo \r\n\nthree', isWhole: true });
      expect(await end(16)).toEqual({ text: 'one\ntwo \r\n\nthree', isWhole: true });
      expect(await end(6)).toEqual({ text: '\nthree', isWhole: false });
    });

    it('is reported as not arrived where there is no such folder, and T12: as missing if its parent is there', async () => {
      const sweep = await lab.sweep('sh ok.sh');
      const folders = [join(lab.root, 'no', 'such job'), join(lab.root, 'no such job')];
      const nothing = {
        ...{ state: null, orphan: false, full: false },
        ...{ lastLine: '', measure: null, summary: null },
      };
      expect(await sweep.machine.report(sweep.queue, folders)).toEqual({
        stalled: false,
        held: null,
        jobs: [
          { folder: folders[0], ...nothing },
          { folder: folders[1], ...nothing, missing: true },
        ],
      });
    });
  });

  describe('secrets', () => {
    const value = `s3cret'"$(id)\\ \nand more`;

    it('are in memory while the job runs, in its environment, and nowhere else', async () => {
      const sweep = await lab.sweep('sh secret.sh', { container: { secrets: folders.secrets } });
      const job = sweep.job('secretive');
      await sweep.machine.putSecret(job.container, new Secret('TOKEN', value));
      await sweep.put(job, sweep.jobPart(job, []));
      await sweep.begin();
      await sweep.says(job, 'ready');

      const file = join('/dev/shm', `logistician-${process.getuid?.()}`, job.container, 'TOKEN');
      expect(readFileSync(file, 'utf8')).toBe(value);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(docker('inspect', job.container)).not.toContain('s3cret');
      expect(mentioning('s3cret', job.folder, sweep.queue)).toEqual([]);
      signal(job, 'go');
      expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
      const digest = execFileSync('sha256sum', { input: value }).toString();
      expect(text(job, 'results', 'digest')).toBe(digest);
      expect(existsSync(join(file, '..'))).toBe(false);
      expect(mentioning('s3cret', job.folder, sweep.queue)).toEqual([]);
    });

    it('go with a job that was stopped before it began', async () => {
      const sweep = await lab.sweep('sh secret.sh', { container: { secrets: folders.secrets } });
      const job = sweep.job('stopped');
      await sweep.machine.putSecret(job.container, new Secret('TOKEN', value));
      await sweep.put(job, sweep.jobPart(job, []));
      await sweep.machine.stop(sweep.queue, 1, [job.folder]);
      expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
      expect(existsSync(join('/dev/shm', `logistician-${process.getuid?.()}`, job.container))).toBe(false);
    });

    slow('that are gone fail the job, which says so', async () => {
      const sweep = await lab.sweep('sh secret.sh', { container: { secrets: folders.secrets } });
      const job = await sweep.run('forgotten');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'secrets' });
      expect((await sweep.report(job)).lastLine).toContain('secrets');
    });
  });
});

/** What the runner has noted of the log's length, by the second. */
const timesOf = (job: TestJob) => {
  const path = join(job.folder, 'log-index');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

/** Docker's times have nine digits of fractions, trailing zeros left out. */
function nanoseconds(time: string | null): bigint {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time ?? '') ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

async function read(sweep: TestSweep, job: TestJob, offset = 0, follow = false): Promise<string> {
  const chunks: Buffer[] = [];
  const outcome = await sweep.machine.log(job.folder, offset, follow, {
    onStdout: (chunk) => void chunks.push(chunk),
  });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return Buffer.concat(chunks).toString();
}

/** Files in the folders that hold the text. */
function mentioning(needle: string, ...folders: string[]): string[] {
  try {
    return execFileSync('grep', [
      '--recursive',
      '--files-with-matches',
      '--fixed-strings',
      needle,
      ...folders,
    ])
      .toString()
      .split('\n');
  } catch (error) {
    if ((error as { status?: number }).status === 1) return [];
    throw error;
  }
}
