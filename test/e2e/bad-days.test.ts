import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nameOfProcess } from '../../src/shell/processes.js';
import { baseImage, isLeftOut, isMissing } from '../support/engines.js';
import { copyOfPackage, type Finished, type StatusOutput, TestProject } from '../support/project.js';
import { binOf, paste } from '../support/remedy.js';
import { slow } from '../support/slow.js';
import { SmallDisk } from '../support/small-disk.js';
import { until } from '../support/until.js';
import { TestUser } from '../support/user.js';

const noTrace = ({ stdout, stderr }: Finished) =>
  expect(`${stdout}${stderr}`).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);

const named = (status: StatusOutput, id: string) =>
  status.conditions.find(({ condition }) => condition.startsWith(id));

describe.skipIf(isMissing('docker', 'git', 'root'))('a full disk', () => {
  let disk: SmallDisk;
  let project: TestProject;

  beforeAll(async () => {
    disk = new SmallDisk(60);
    project = disk.within(
      () =>
        new TestProject({
          parameters: {
            experiment_command: 'sh fills.sh',
            experiment_conditions: ['fill', 'next', 'last'],
          },
          files: {
            'fills.sh': `
              [ "$1" != fill ] || head -c 500000000 /dev/zero > /data/results/fill || { echo "no room" >&2; exit 9; }
              echo "fine $1"\n`,
          },
        }),
    );
    await project.ok(['build']);
  });

  afterEach(() => disk.free());
  afterAll(async () => {
    await project.remove();
    disk.remove();
  });

  it.each([0, 8192, 16_384])('run with %i bytes left ends with 125, and leaves no half run', async (left) => {
    disk.fill(left);
    const finished = await project.cli(['run', '--', 'small']);
    expect(finished.code).toBe(125);
    expect(finished.stderr).toMatch(/disk is full|no space left on device/i);
    noTrace(finished);
    expect(project.runs).toEqual([]);
    expect(project.containers).toEqual([]);
    disk.free();
  });

  it.each([0, 12_288])('deploy with %i bytes left ends with 1, and half of it is nothing', async (left) => {
    disk.fill(left);
    const finished = await project.cli(['deploy', '--yes', '--only', 'next']);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toMatch(/disk is full|no space left on device/i);
    noTrace(finished);
    expect(project.containers).toEqual([]);
    for (const id of project.runs) if (existsSync(project.run(id, 'run.json'))) project.receipt(id);
    expect((await project.cli(['status'])).code).toBe(0);
  });

  it('a snapshot says that there is no room for it', async () => {
    project.repository.write({ 'more.txt': 'x'.repeat(10_000) });
    disk.fill();
    const finished = await project.cli(['deploy', '--yes', '--snapshot']);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toMatch(/disk is full|no space left on device/i);
    noTrace(finished);
    disk.free();
    execFileSync('rm', [join(project.root, 'more.txt')]);
  });

  slow(
    'with room again, all goes on; a job that fills it holds the others up, and status says so',
    async () => {
      await project.ok(['deploy', '--yes', '--slots', '1']);
      const full = await until('the disk is full', async () => {
        const now = await project.cli(['status']);
        expect(now.code).toBe(0);
        return /^The disk is full on /m.test(now.stdout) && now;
      });
      noTrace(full);
      const json = await project.json<StatusOutput & { disk_full: boolean }>(['status']);
      expect(json).toMatchObject({ live: true, disk_full: true });
      expect(named(json, 'last')?.state).toBe('pending');
      expect((await project.cli(['logs', 'fill'])).code).toBe(0);

      execFileSync('rm', [project.run(named(json, 'fill')?.run ?? '', 'data', 'results', 'fill')]);
      const followed = await project.cli(['deploy', '--yes', '--wait']);
      expect(followed.code).toBe(1);
      const after = await project.json(['status']);
      expect(after.conditions).toMatchObject([
        { state: 'failed', exit_code: 9, last_line: 'no room' },
        { state: 'succeeded', last_line: 'fine next' },
        { state: 'succeeded', last_line: 'fine last' },
      ]);
      project.receipt();
      await project.ok(['terminate', '--yes']);
      await project.quiet();
    },
  );
});

describe.skipIf(isMissing('docker', 'git', 'root'))('folders that may not be written', () => {
  let user: TestUser;
  let project: TestProject;

  beforeAll(() => {
    user = new TestUser();
    project = new TestProject({ parameters: { experiment_conditions: ['a'] } });
    copyOfPackage(join(project.scratch, 'installed'));
    chmodSync(project.scratch, 0o755);
    user.owns(project.scratch);
  });
  afterAll(async () => {
    await project.remove();
    await user.remove();
  });

  const cli = (words: readonly string[]) => {
    const program = join(project.scratch, 'installed/bin/run.js');
    return project.startProgram(['runuser', '-u', user.name, '--', process.execPath, program, ...words])
      .ended;
  };

  it.each([
    ['runs', ['run', '--', 'x'], 125],
    ['runs', ['deploy', '--yes'], 1],
    ['.logistician', ['deploy', '--yes'], 1],
  ])('%s: %s', async (folder, words, code) => {
    const path = join(project.experiment, folder);
    // What an earlier command has made there need not be made again.
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    writeFileSync(join(path, '.gitignore'), '*\n');
    execFileSync('chown', ['-R', 'root:', path]);
    const finished = await cli(words);
    expect({ ...finished, stdout: '' }).toMatchObject({ code });
    expect(finished.stderr).toContain(path);
    expect(finished.stderr).toMatch(/permission denied|cannot be written/);
    noTrace(finished);
    expect(project.runs).toEqual([]);
    expect(project.containers).toEqual([]);
    execFileSync('rm', ['-rf', path]);
  });
});

describe.skipIf(isMissing('docker', 'git'))('bad days', () => {
  let project: TestProject;

  beforeAll(async () => {
    project = new TestProject({
      parameters: { experiment_conditions: ['--lr 1', '--lr 2', '--hold a'] },
    });
    await project.ok(['build']);
  });
  afterAll(() => project.remove());

  slow('a clock that was set back: nothing breaks, and no age is negative', async () => {
    await project.ok(['run', '--condition', 'lr-1']);
    const [now = ''] = project.runs;
    const later = now.replace(/^\d{8}/, '20990101');
    cpSync(project.run(now), project.run(later), { recursive: true });
    const record = readFileSync(project.run(later, 'run.json'), 'utf8').replaceAll(now, later);
    writeFileSync(
      project.run(later, 'run.json'),
      record.replace(/"created": "[^"]*"/, '"created": "2099-01-01T00:00:00.000Z"'),
    );
    const table = await project.ok(['status']);
    expect(table).toMatch(/^lr-1-\w+ .*succeeded/m);
    expect(table).not.toMatch(/ -\d/);
    const deployed = await project.cli(['deploy', '--yes', '--wait', '--only', 'lr-1']);
    expect(deployed.code).toBe(0);
    execFileSync('rm', ['-rf', project.run(later)]);
    await project.ok(['terminate', '--yes']);
  });

  slow('terminate waits for a deploy that launches, and says so; a dead one’s lock is replaced', async () => {
    project.setParameters({ experiment_conditions: ['--hold b'] });
    const lock = join(project.stateFolder, 'lock');
    mkdirSync(project.stateFolder, { recursive: true });
    // No process has this number.
    symlinkSync(nameOfProcess(process.pid).replace(/^\d+/, '99999999'), lock);
    await project.ok(['deploy', '--yes']);
    expect(lstatSync(lock, { throwIfNoEntry: false })).toBe(undefined);
    const held = await project.holding('hold-b');

    symlinkSync(nameOfProcess(process.pid), lock);
    const ending = project.start(['terminate', '--yes', '--grace', '2']);
    await ending.says('Another logistician process has locked');
    rmSync(lock);
    expect(await ending.ended).toMatchObject({ code: 0 });
    expect(project.receipt(held).state).toBe('stopped');
    await project.quiet();
  });

  it('Docker that goes away for a while harms no job, and follow goes on', async () => {
    const docker = new Door(join(project.scratch, 'docker.sock'));
    await docker.open();
    try {
      project.setParameters({ experiment_conditions: ['--hold c', '--lr 3'] });
      const env = { DOCKER_HOST: docker.address };
      const following = project.start(['deploy', '--yes', '--wait', '--slots', '1'], { env });
      const id = await project.holding('hold-c');
      await docker.close();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      project.letGo(id);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await docker.open();
      expect((await following.ended).code).toBe(0);
      expect(
        project
          .receipts()
          .slice(-2)
          .map(({ state }) => state),
      ).toEqual(['succeeded', 'succeeded']);
      expect(project.readRun(id, 'data', 'logs', 'docker.txt')).toBe('holding c\nlet go\n');
      await project.ok(['terminate', '--yes']);
      await project.quiet();
    } finally {
      await docker.close();
    }
  });

  slow(
    'a run whose folder is removed while it runs: status says so, with the line that ends it',
    async () => {
      project.setParameters({ experiment_conditions: ['--hold 1', '--hold 2'] });
      const deploy = ['deploy', '--yes', '--slots', '2', '--snapshot'];
      await project.ok(deploy);
      await until('both run', async () =>
        (await project.json(['status'])).conditions.every(({ state }) => state === 'running'),
      );
      const id = project.runs.find((name) => name.includes('hold-1')) ?? '';
      rmSync(project.run(id), { recursive: true });
      const at = { env: { COLUMNS: '1000', PATH: `${binOf(project)}:${process.env.PATH}` } };
      const { stdout, stderr } = await project.cli(['status'], at);
      expect(stdout).toMatch(/^hold-1-\w+ .* running /m);
      const line = /^ *(logistician stop .*folder in runs\/ was removed.*)$/m.exec(`${stdout}${stderr}`)?.[1];
      await paste(line ?? '', { cwd: project.experiment, env: { ...project.env, ...at.env } });
      const containers = () =>
        execFileSync('docker', ['ps', '-aq', '--filter', `label=logistician.run=${id}`]).toString();
      expect(containers()).toBe('');
      const status = await project.json(['status']);
      expect(named(status, 'hold-1')).toMatchObject({ state: 'lost', reason: 'gone' });
      expect(named(status, 'hold-2')).toMatchObject({ state: 'running' });
      expect((await project.cli(['status'], at)).stdout).not.toContain('was removed');
      await project.ok(['terminate', '--yes', '--grace', '1']);
    },
  );

  it('run: a job that puts a link in the place of its folder has no results, and no success', async () => {
    const moves = 'for run in experiments/one/runs/2*; do mv "$run" away && ln -s /home "$run"; done\n';
    project.repository.write({ 'moves.sh': moves });
    project.setParameters({ experiment_command: 'sh moves.sh' });
    for (const run of project.runs) rmSync(project.run(run), { recursive: true });
    const { code, stderr } = await project.cli(['run'], { env: { COLUMNS: '1000' } });
    const [id = ''] = project.runs;
    expect(stderr).toContain(`lost; its results are gone: runs/${id} is not the folder that it was given`);
    expect(stderr).not.toContain('results are in');
    expect(code).toBe(1);
    rmSync(project.run(id));
    for (const name of ['away', 'moves.sh']) rmSync(join(project.root, name), { recursive: true });
  });

  slow('hostile names: a project and an experiment whose paths shells trip over', async () => {
    const cwd = join(project.scratch, `-my "proj's" $HOME ü`);
    execFileSync('git', ['clone', '--quiet', project.root, cwd]);
    for (const [key, value] of [
      ['user.name', 'A'],
      ['user.email', 'a@example.org'],
    ])
      execFileSync('git', ['-C', cwd, 'config', key ?? '', value ?? '']);
    const experiment = `./-exp "one's" $(id) é`;
    cpSync(join(cwd, 'experiments', 'one'), join(cwd, experiment), { recursive: true });
    execFileSync('git', ['-C', cwd, 'add', '--all']);
    execFileSync('git', ['-C', cwd, 'commit', '--quiet', '--message', 'Odd']);
    const run = await project.cli(['run', experiment, '-o', '--lr 7'], { cwd });
    expect(run).toMatchObject({ code: 0, stdout: 'the rate is 7\n' });
    const deployed = await project.cli(['deploy', experiment, '--yes', '--wait', '--only', 'lr-1'], { cwd });
    expect(deployed).toMatchObject({ code: 0 });
    expect(await project.ok(['logs', experiment, 'lr-1'], { cwd })).toBe('the rate is 1\n');
    await project.ok(['terminate', experiment, '--yes'], { cwd });
    const inside = join(cwd, experiment);
    expect(await project.ok(['status'], { cwd: inside })).toMatch(/lr-1/);
  });
});

/** A way to Docker that can be shut and opened again. */
class Door {
  #server: Server | null = null;
  readonly #through = new Set<Socket>();

  constructor(readonly path: string) {}

  get address(): string {
    return `unix://${this.path}`;
  }

  async open(): Promise<void> {
    const real = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: real, allowHalfOpen: true });
      for (const socket of [near, far]) {
        this.#through.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => this.#through.delete(socket));
      }
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise<void>((resolve) => this.#server?.listen(this.path, resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.#through) socket.destroy();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    this.#server = null;
  }
}

const hasCompiler = spawnSync('gcc', ['--version']).status === 0;

describe.skipIf(isMissing('docker', 'git'))('images', () => {
  let project: TestProject;

  afterEach(() => project.remove());

  it.skipIf(isLeftOut() || !hasCompiler)(
    'without sh: says so with a command; runs its own program without one',
    async () => {
      project = new TestProject({
        files: {
          'hello.c': '#include <stdio.h>\nint main(void) { puts("hello from nothing"); return 0; }\n',
          'experiments/one/Dockerfile': 'FROM scratch\nCOPY hello /hello\nENTRYPOINT ["/hello"]\n',
        },
        parameters: { experiment_conditions: ['a'] },
      });
      execFileSync('gcc', [
        '-static',
        '-o',
        join(project.experiment, 'hello'),
        join(project.root, 'hello.c'),
      ]);
      project.repository.commit('With its program');
      const refused = await project.cli(['deploy', '--yes', '--wait']);
      expect({ refused }).toMatchObject({ refused: { code: 1, stdout: expect.stringMatching(/1 failed/) } });
      const [condition] = (await project.json(['status'])).conditions;
      expect(condition).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 127 });
      expect(condition?.last_line).toMatch(/\bsh\b.*(not found|No such file)/);

      project.setParameters({ experiment_command: undefined, experiment_conditions: ['a'] });
      expect((await project.cli(['deploy', '--yes', '--wait'])).code).toBe(0);
      expect(await project.ok(['logs', 'a'])).toBe('hello from nothing\n');
      await project.ok(['terminate', '--yes']);
    },
  );

  it.skipIf(spawnSync('docker', ['buildx', 'version']).status === 0)(
    'that want BuildKit where it is not: Docker’s own error, and what mends it',
    async () => {
      project = new TestProject({
        files: {
          'experiments/one/Dockerfile': `FROM ${baseImage}\nRUN --mount=type=cache,target=/cache true\n`,
        },
        parameters: { experiment_conditions: ['a'] },
      });
      const finished = await project.cli(['run', '--', 'x']);
      expect(finished.code).toBe(125);
      expect(finished.stderr).toMatch(/BuildKit/);
      // A package, or the project's page where the system has none.
      expect(finished.stderr).toMatch(/^ {4}(?:.*install .*buildx|https:.*buildx)/m);
      noTrace(finished);
      expect(project.runs).toEqual([]);
    },
  );
});
