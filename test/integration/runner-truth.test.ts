import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut, isMissing, variants } from '../support/engines.js';
import { killed } from '../support/killed.js';
import {
  data,
  docker,
  isThere,
  Lab,
  output,
  sharedPart,
  signal,
  stateOf,
  type TestJob,
  type TestSweep,
  text,
  workersOf,
} from '../support/lab.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

const files = {
  'ok.sh': 'echo fine\n',
  'exit.sh': 'echo said; exit "$1"\n',
  'once.sh': '[ ! -e /data/results/once ] || exit 0; : > /data/results/once; exit 3\n',
  'wait.sh': 'echo ready; until [ -e /data/results/go ]; do sleep 0.3; done; echo done\n',
  'slow/Dockerfile': `FROM ${baseImage}\nRUN sleep 1000\n`,
  'good/Dockerfile': `FROM ${baseImage}\nRUN echo made > /made\n`,
};

describe.skipIf(isMissing('docker', 'git'))('the runner says what is so', () => {
  let lab: Lab;

  beforeEach(() => {
    lab = new Lab(files);
  });

  afterEach(() => lab.close());

  /** A docker program of the test's own, in shell; $1 is the verb, and `real` goes on with the true one. */
  function dockerThat(script: string): string {
    const path = join(lab.root, 'docker');
    writeFileSync(path, `#!/bin/sh\nat='${lab.root}'\nreal() { exec docker "$@"; }\n${script}\nreal "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  const linesOf = (name: string) =>
    existsSync(join(lab.root, name)) ? readFileSync(join(lab.root, name), 'utf8').trim().split('\n') : [];

  function imageOf(folder: string, bases: readonly string[] = []) {
    const tree = lab.project.git('rev-parse', `HEAD:${folder}`);
    const tag = `logistician-test/${folder}:${lab.root.slice(-6).toLowerCase()}`;
    return { tag, tree, dockerfile: 'Dockerfile', leftOut: 'parameters.json', labels: {}, bases };
  }

  const stop = (sweep: TestSweep, grace: number, ...jobs: TestJob[]) =>
    sweep.verb(['stop', sweep.queue, String(grace), ...jobs.map(({ folder }) => folder)]);

  describe('of the end of a job', () => {
    it.each([
      ['0', { state: 'succeeded', reason: null, exit_code: 0 }],
      ['3', { state: 'failed', reason: 'exit', exit_code: 3 }],
    ])('L2: a container that removes itself has the code that it ended with: %s', async (code, end) => {
      const sweep = await lab.sweep('sh exit.sh', { container: { extraArgs: ['--rm'] } });
      const job = await sweep.run('removes-itself', [code]);
      // Docker may have removed it before it could be asked.
      if (job.state.reason !== 'container') expect(job.state).toMatchObject(end);
      expect(job.state.state === 'succeeded').toBe(job.state.exit_code === 0);
      if (job.state.exit_code === 0) expect(job.state.finished).not.toBeNull();
    });

    slow.each(['0', '3'])('L2: and so has one with a terminal: %s', async (code) => {
      const sweep = await lab.sweep('sh exit.sh', { container: { extraArgs: ['--rm'] } });
      const job = await sweep.add('attached', [code]);
      const { code: own } = await sweep.verb(['run', job.folder]);
      expect(own).toBe(Number(code));
      expect(stateOf(job)).toMatchObject({ exit_code: Number(code) });
    });

    slow.each(['in a queue', 'with a terminal'])(
      'is the same with any exports of the caller: a job %s',
      async (how) => {
        const exported = {
          ...{ gpus: 'all', queue: '/nowhere', slot: '9', share: lab.root, tokens: 'x', kept: 'too-large' },
          ...{ image_id: 'none', has_terminal: 'yes', attached: 'yes', begun: 'yes', exit_code: '7' },
          ...{ started_at: 'never', finished_at: 'never', never_pull: '--nonsense', output_is_kept: 'yes' },
        };
        Object.assign(process.env, exported);
        try {
          const sweep = await lab.sweep('sh exit.sh');
          const job = await sweep.add('deaf', ['0']);
          if (how === 'in a queue') await sweep.begin();
          else expect((await sweep.verb(['run', job.folder])).code).toBe(0);
          expect(await sweep.ended(job)).toMatchObject({
            ...{ state: 'succeeded', exit_code: 0, gpus: null, slot: how === 'in a queue' ? '1' : null },
            ...{ image: expect.stringMatching(/^sha256:/), kept: null, engine: expect.anything() },
          });
        } finally {
          for (const name of Object.keys(exported)) delete process.env[name];
        }
      },
    );

    slow('has the facts of where it ran, also if its runner and the terminal went meanwhile', async () => {
      const image = imageOf('good', [baseImage]);
      const sweep = await lab.sweep('sh wait.sh', { image });
      try {
        const job = await sweep.add('cut');
        const running = sweep.verb(['run', job.folder]);
        const itself = ['ps', '--quiet', '--filter', `name=^${job.container}$`];
        await until('its container runs', () => docker(...itself) !== '');
        const [runner] = readFileSync(join(job.folder, 'owner'), 'utf8').split(' ');
        await killed(Number(runner));
        writeFileSync(data(job, 'results', 'go'), '');
        await sweep.verb(['resume', job.folder]);
        await running;
        expect(await sweep.ended(job)).toMatchObject({
          state: 'succeeded',
          engine: { name: 'docker' },
          base: [{ name: baseImage }],
        });
      } finally {
        docker('image', 'rm', '--force', image.tag);
      }
    });

    it('T6: a job that the engine begins again is not called a success', async () => {
      const sweep = await lab.sweep('sh once.sh', {
        container: { extraArgs: ['--restart', 'on-failure:3'] },
      });
      const { state } = await sweep.run('again');
      expect([
        ['failed', 3],
        ['lost', null],
      ]).toContainEqual([state.state, state.exit_code]);
    });

    slow(
      'a clock that is set forwards by days is no deadline, nor for a runner that goes on with the job',
      async () => {
        const bin = join(lab.root, 'bin');
        mkdirSync(bin);
        const sweep = await lab.sweep('sh wait.sh', { maxHours: 1 });
        const path = process.env.PATH;
        try {
          // Two days ahead, once the job runs.
          const script = `#!/bin/sh\n[ ! -e '${lab.root}/set' ] || set -- -d '2 days' "$@"\nexec /bin/date "$@"\n`;
          writeFileSync(join(bin, 'date'), script, { mode: 0o755 });
          process.env.PATH = `${bin}:${path}`;
          const job = await sweep.add('long');
          await sweep.begin();
          await sweep.says(job, 'ready');
          writeFileSync(join(lab.root, 'set'), '');
          await new Promise((resolve) => setTimeout(resolve, 2500));
          expect(stateOf(job)?.state).toBe('running');
          await Promise.all(workersOf(sweep).map(killed));
          await sweep.begin();
          await new Promise((resolve) => setTimeout(resolve, 2500));
          expect(stateOf(job)?.state).toBe('running');
          signal(job, 'go');
          expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
        } finally {
          process.env.PATH = path;
        }
      },
    );

    it('T17: at its deadline a job is stopped until it has ended, also if Docker is away just then', async () => {
      const sweep = await lab.sweep('sh wait.sh', {
        maxHours: 1 / 3600,
        docker: dockerThat(
          'if [ "$1" = stop ]; then echo x >>"$at/stops"; [ "$(wc -l <"$at/stops")" -gt 2 ] || exit 1; fi',
        ),
      });
      const job = await sweep.run('late');
      expect(job.state).toMatchObject({ state: 'stopped', reason: 'deadline' });
      expect(linesOf('stops').length).toBeGreaterThan(2);
    });
  });

  describe('T20: of an image that was removed', () => {
    const removing = (tag: string) =>
      `[ "$1" != run ] || echo "$*" >>"$at/runs"
      if [ "$1" = run ] && [ ! -e "$at/removed" ]; then : >"$at/removed"; docker image rm --force ${tag} >/dev/null; fi`;

    slow('it is built again, and no registry is asked for it', async () => {
      const image = imageOf('good');
      const sweep = await lab.sweep('cat /made', { image, docker: dockerThat(removing(image.tag)) });
      try {
        const job = await sweep.run('pruned');
        expect(job.state).toMatchObject({ state: 'succeeded' });
        expect(output(job)).toBe('made\n');
        expect(linesOf('runs')).toHaveLength(2);
        for (const line of linesOf('runs')) expect(line).toContain('--pull never');
      } finally {
        docker('image', 'rm', '--force', image.tag);
      }
    });

    slow('a job whose image is not built here fails, and says so', async () => {
      const image = { ...imageOf('good'), tag: 'logistician-test/never-built:1' };
      const sweep = await lab.sweep('cat /made', { image, imageIsThere: { base: [] } });
      const job = await sweep.run('pruned');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'start', exit_code: 125 });
      expect(text(job, 'logs', 'runner.txt')).toMatch(/No such image/i);
    });

    slow('a Docker that cannot be told so is not asked to run what it has not', async () => {
      const image = { ...imageOf('good'), tag: 'logistician-test/never-built:1' };
      const old = 'case "$*" in version*Client*) echo 20.03.1 19.3; exit;; run*) echo x >>"$at/runs";; esac';
      const sweep = await lab.sweep('cat /made', {
        image,
        imageIsThere: { base: [] },
        docker: dockerThat(old),
      });
      const job = await sweep.run('pruned');
      expect(job.state).toMatchObject({ state: 'failed', reason: 'start', engine: { version: '19.3' } });
      expect(linesOf('runs')).toEqual([]);
    });

    slow('a client that is older than its engine is asked in words that it knows', async () => {
      const old = `case "$*" in
        version*Client*) echo 20.03.1 20.10.24; exit ;;
        run*--pull*) echo 'unknown flag: --pull' >&2; exit 125 ;;
      esac`;
      const sweep = await lab.sweep('sh exit.sh', { engineVersion: '20.10.24', docker: dockerThat(old) });
      const job = await sweep.add('attached', ['3']);
      expect((await sweep.verb(['run', job.folder])).code).toBe(3);
      expect(stateOf(job)).toMatchObject({ state: 'failed', exit_code: 3, engine: { version: '20.10.24' } });
    });
  });

  describe('T8: of jobs of another computer that shares the folder', () => {
    const ours = `@${hostname()}`;
    const rewrite = (path: string, from: string, to: string) =>
      writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));

    it('they are shown, and neither taken over, judged, stopped nor cleared', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const [job, waiting] = [await sweep.add('at-work'), await sweep.add('waits')];
      await sweep.begin();
      await sweep.says(job, 'ready');
      await until('it runs', () => stateOf(job)?.state === 'running');
      const slot = join(sweep.queue, 'slots', '1', 'owner');
      const owners = [slot, join(job.folder, 'owner')];
      for (const path of owners) {
        expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`${ours}\\n$`));
        rewrite(path, ours, '@far');
      }
      rewrite(join(sweep.queue, 'host'), hostname(), 'far');

      const report = await sweep.verb(['report', sweep.queue], `${job.folder}\n${waiting.folder}\n`);
      const said = report.stdout.split('\n').filter((line) => /^(elsewhere|orphan|stalled)/.test(line));
      expect(said).toEqual(['elsewhere far', 'elsewhere far']);
      await expect(sweep.begin()).rejects.toThrow('this computer was called far before: sudo hostname far');
      expect(await sweep.verb(['resume', job.folder])).toMatchObject({ code: 1 });
      await sweep.verb(['adopt', job.folder]);
      expect(await stop(sweep, 1, job, waiting)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining(`not-ended ${job.folder} elsewhere:far\n`),
      });
      expect(await sweep.verb(['release', sweep.queue, sweep.deployment])).toMatchObject({ code: 1 });
      expect(isThere(job)).toBe(true);
      expect(existsSync(join(job.folder, 'source', 'wait.sh'))).toBe(true);
      expect(existsSync(join(job.folder, 'stop'))).toBe(false);
      expect(stateOf(job)).toMatchObject({ state: 'running' });
      expect(stateOf(waiting)).toMatchObject({ state: 'pending' });

      for (const path of owners) rewrite(path, '@far', ours);
      rewrite(join(sweep.queue, 'host'), 'far', hostname());
      signal(job, 'go');
      signal(waiting, 'go');
      expect(await sweep.ended(waiting)).toMatchObject({ state: 'succeeded' });
    });

    it.skipIf(isLeftOut('root'))('a computer that was renamed ends them under its former name', async () => {
      const sweep = await lab.sweep('sh wait.sh');
      const [job, waiting] = [await sweep.add('before'), await sweep.add('after')];
      await sweep.begin();
      await sweep.says(job, 'ready');
      const verb = [
        'sh',
        join(sweep.queue, 'runner.sh'),
        'stop',
        sweep.queue,
        '1',
        job.folder,
        waiting.folder,
      ];
      const called = (name: string, formerly = name) => {
        const script = `hostname ${name}; hostname ${formerly}; exec "$@"`;
        return spawnSync('unshare', ['--uts', 'sh', '-c', script, 'sh', ...verb], { encoding: 'utf8' });
      };
      expect(called('renamed').stdout).toContain(`not-ended ${job.folder} elsewhere:${hostname()}\n`);
      expect(called('renamed', hostname())).toMatchObject({ status: 0 });
      for (const one of [job, waiting]) expect(await sweep.ended(one)).toMatchObject({ state: 'stopped' });
    });

    slow(
      'a dead worker of another computer may be alive there: its job is no orphan, its slot not free',
      async () => {
        const sweep = await lab.sweep('sh ok.sh');
        const job = await sweep.add('there');
        mkdirSync(join(sweep.queue, 'slots', '1'), { recursive: true });
        const name = `1 gone of-another-boot@far\n`;
        writeFileSync(join(sweep.queue, 'slots', '1', 'owner'), name);
        await sweep.begin();
        expect(workersOf(sweep)).toEqual([]);
        expect(readFileSync(join(sweep.queue, 'slots', '1', 'owner'), 'utf8')).toBe(name);
        expect(await sweep.report(job)).toMatchObject({ stalled: false });
        // As version 0.1 wrote it: of this computer, and dead.
        writeFileSync(join(sweep.queue, 'slots', '1', 'owner'), name.replace('@far', ''));
        await sweep.begin();
        expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded' });
      },
    );
  });

  describe('T10: of a stop', () => {
    slow('fails for a job that Docker does not answer for, and names it', async () => {
      const sweep = await lab.sweep('sh wait.sh', {
        docker: dockerThat('[ ! -e "$at/down" ] || [ "$1" = wait ] || exit 1'),
      });
      const [job, waiting] = [await sweep.add('at-work'), await sweep.add('waits')];
      await sweep.begin();
      await sweep.says(job, 'ready');
      writeFileSync(join(lab.root, 'down'), '');
      expect(await stop(sweep, 1, job, waiting)).toMatchObject({
        code: 1,
        stdout: `not-ended ${job.folder} engine\n`,
      });
      expect(stateOf(waiting)).toMatchObject({ state: 'stopped', reason: 'user' });
      rmSync(join(lab.root, 'down'));
      expect(await stop(sweep, 1, job, waiting)).toMatchObject({ code: 0, stdout: '' });
      expect(await sweep.ended(job)).toMatchObject({ state: 'stopped', reason: 'user' });
      await sweep.isFree();
    });

    it('ends a build, and the job with it', async () => {
      const image = imageOf('slow');
      const sweep = await lab.sweep('sh ok.sh', { image });
      const job = await sweep.add('builds');
      await sweep.begin();
      const builds = () => processes(image.tag).length > 0;
      await until('it builds', () => stateOf(job)?.state === 'building' && builds());
      expect(await stop(sweep, 1, job)).toMatchObject({ code: 0, stdout: '' });
      expect(await sweep.ended(job)).toMatchObject({ state: 'stopped', reason: 'user' });
      await until('the build has ended', () => !builds());
      await sweep.isFree();
    });

    slow('that was killed: what it had in hand is ended by the next worker', async () => {
      const sweep = await lab.sweep('sh ok.sh');
      const job = await sweep.add('in-hand');
      const [entry = ''] = readdirSync(join(sweep.queue, 'waiting'));
      mkdirSync(join(sweep.queue, 'stopping'));
      renameSync(join(sweep.queue, 'waiting', entry), join(sweep.queue, 'stopping', entry));
      writeFileSync(join(job.folder, 'stop'), 'user\n');
      expect(await sweep.report(job)).toMatchObject({ stalled: true });
      await sweep.begin();
      expect(await sweep.ended(job)).toMatchObject({ state: 'stopped', reason: 'user' });
      await sweep.isFree();
      expect((await sweep.report(job)).stalled).toBe(false);
    });

    it('fails for a job that is not there', async () => {
      const sweep = await lab.sweep('sh ok.sh');
      const folder = join(lab.root, 'no such', 'job');
      expect(await sweep.verb(['stop', sweep.queue, '1', folder])).toMatchObject({
        code: 1,
        stdout: `not-ended ${folder} missing\n`,
      });
    });

    slow(
      'T16: takes any number of waiting jobs out of the queue, and asks Docker for eight at a time at most',
      async () => {
        const sweep = await lab.sweep('sh wait.sh', {
          docker: dockerThat('[ "$1" != stop ] || { echo + >>"$at/at"; sleep 0.2; echo - >>"$at/at"; }'),
        });
        const names = (kind: string, count: number) =>
          Array.from({ length: count }, (_, index) => sweep.job(`${kind}-${index}`));
        const waiting = names('waits', 60);
        await sweep.deliver(waiting.map((job) => ({ folder: job.folder, script: sweep.jobPart(job, []) })));
        expect(await stop(sweep, 1, ...waiting)).toMatchObject({ code: 0, stdout: '', stderr: '' });
        expect(readdirSync(join(sweep.queue, 'waiting'))).toEqual([]);
        for (const job of waiting) expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
        expect(linesOf('at')).toEqual([]);

        const alone = names('alone', 20);
        for (const job of alone) {
          const script = readFileSync(join(sweep.queue, sharedPart), 'utf8') + sweep.jobPart(job, []);
          await sweep.machine.add(job.folder, script);
        }
        const folders = alone.map(({ folder }) => folder);
        expect(await sweep.verb(['stop', '-', '1', ...folders])).toMatchObject({ code: 0, stdout: '' });
        for (const job of alone) expect(stateOf(job)).toMatchObject({ state: 'stopped', reason: 'user' });
        let [now, most] = [0, 0];
        for (const line of linesOf('at')) {
          now += line === '+' ? 1 : -1;
          most = Math.max(most, now);
        }
        expect(most).toBeGreaterThan(1);
        expect(most).toBeLessThanOrEqual(8);
      },
    );
  });

  describe('of the place where a job ran', () => {
    slow(
      'L4: it names the engine, and the images that the image was built on; another base makes another image',
      async () => {
        const base = `logistician-test/base:${lab.root.slice(-6).toLowerCase()}`;
        docker('tag', baseImage, base);
        lab.project.write({ 'lib/Dockerfile': `FROM ${base}\n` });
        lab.project.commit('On a base of our own');
        const image = imageOf('lib', [base, 'logistician-test/never-there:1']);
        const sweep = await lab.sweep('sh ok.sh', { image });
        const idOf = (name: string) => docker('image', 'inspect', '--format', '{{.Id}}', name);
        try {
          const digests = docker('image', 'inspect', '--format', '{{json .RepoDigests}}', base);
          const one = await sweep.run('one');
          expect(one.state).toMatchObject({
            engine: { name: 'docker', version: docker('version', '--format', '{{.Server.Version}}') },
            base: [{ name: base, id: idOf(base), digests: JSON.parse(digests) }],
            gpu_names: [],
            driver: null,
          });
          const input = `FROM ${baseImage}\nLABEL newer=${base}\n`;
          execFileSync('docker', ['build', '--quiet', '--tag', base, '-'], { input, stdio: 'pipe' });
          const other = await sweep.run('other');
          expect(other.state.base).toEqual([{ name: base, id: idOf(base), digests: [] }]);
          expect(other.state.image).not.toBe(one.state.image);
          const again = await sweep.run('again');
          expect(again.state).toMatchObject({ image: other.state.image, base: other.state.base });
          expect(Object.keys(again.state.times)).not.toContain('building');
        } finally {
          for (const tag of [image.tag, base]) docker('image', 'rm', '--force', tag);
        }
      },
    );

    slow(
      'what the engine says of an image counts for the next jobs of a queue, until it is gone or deployed again',
      async () => {
        const image = imageOf('good', [baseImage]);
        const watched = `case "$1 $2" in "version "* | "image inspect") echo asks >>"$at/said" ;; esac
        [ "$1" != run ] || echo runs >>"$at/said"
        case $* in run*gone*) [ -e "$at/once" ] || { : >"$at/once" && docker image rm --force ${image.tag} >/dev/null; } ;; esac`;
        const sweep = await lab.sweep('sh ok.sh', { image, docker: dockerThat(watched) });
        try {
          const first = await sweep.run('first');
          writeFileSync(join(lab.root, 'said'), '');
          const jobs = [await sweep.add('asks'), await sweep.add('knows'), await sweep.add('gone')];
          await sweep.begin();
          const facts = { state: 'succeeded', engine: first.state.engine, base: first.state.base };
          for (const job of jobs) expect(await sweep.ended(job)).toMatchObject(facts);
          const said = linesOf('said');
          expect(said[0]).toBe('asks');
          const began = said.indexOf('runs');
          expect(said.slice(began, began + 4)).toEqual(['runs', 'runs', 'runs', 'asks']);
          expect(jobs.map((job) => 'building' in (stateOf(job)?.times ?? {}))).toEqual([false, false, true]);
        } finally {
          docker('image', 'rm', '--force', image.tag);
        }
      },
    );

    it.each<[string, string[], string | null]>(
      variants(
        ['device=1', ['NVIDIA "B\\200"'], '570.1'],
        ['"device=0,GPU-2"', ['NVIDIA A100', 'NVIDIA C'], '570.1'],
        ['all', ['NVIDIA A100', 'NVIDIA "B\\200"', 'NVIDIA C'], '570.1'],
        ['2', ['NVIDIA A100', 'NVIDIA "B\\200"'], '570.1'],
        ['device=7', [], null],
      ),
    )('M7: it names the GPUs that a job is given: %s', async (gpus, names, driver) => {
      const state = await withGpus(
        gpus,
        `printf '%s\\n' 'No devices, at all, were, found' '0, GPU-0, 570.1, NVIDIA A100' \
          '1, GPU-1, 570.1, NVIDIA "B\\200"' '2, GPU-2, 570.1, NVIDIA C'`,
      );
      expect(state).toMatchObject({ gpu_names: names, driver });
    });

    it('M7: it takes no complaint of nvidia-smi for a GPU', async () => {
      const state = await withGpus('all', `echo '0, Failed to initialize NVML, x, y'; exit 9`);
      expect(state).toMatchObject({ gpu_names: [], driver: null });
    });

    /** The state of a job that was given GPUs, where nvidia-smi says that. No engine here has any. */
    async function withGpus(gpus: string, nvidiaSmi: string) {
      const tools = join(lab.root, 'tools');
      mkdirSync(tools);
      writeFileSync(join(tools, 'nvidia-smi'), `#!/bin/sh\n${nvidiaSmi}\n`, { mode: 0o755 });
      const path = process.env.PATH;
      const sweep = await lab.sweep('sh ok.sh');
      const job = await sweep.add('gpus');
      try {
        process.env.PATH = `${tools}:${path}`;
        await sweep.machine.begin(sweep.queue, { slots: [gpus] });
      } finally {
        process.env.PATH = path;
      }
      return sweep.ended(job);
    }
  });

  slow('L29: read-only folders that a job leaves in its checkout go with it', async () => {
    const sweep = await lab.sweep('mkdir -p deep/er; touch deep/er/x; chmod 0555 deep/er deep; :');
    const job = await sweep.run('read-only');
    expect(job.state).toMatchObject({ state: 'succeeded' });
    expect(existsSync(join(job.folder, 'source'))).toBe(false);
    expect(existsSync(data(job, 'project', 'deep', 'er', 'x'))).toBe(true);
  });
});

/** Command lines that hold the text. */
function processes(needle: string): string[] {
  const all = execFileSync('ps', ['-eo', 'args']).toString().split('\n');
  return all.filter((line) => line.includes(needle) && line.includes('build'));
}
