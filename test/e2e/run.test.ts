import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { copyOfPackage, linesOf, packageRoot, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

describe.skipIf(isMissing('docker', 'git'))('create', () => {
  let project: TestProject;
  const folder = () => join(project.root, 'experiments', 'rnn-1');

  beforeAll(() => {
    project = new TestProject({ bare: true, files: { 'job.sh': 'echo "got $*"\n' } });
    project.repository.git('remote', 'add', 'origin', 'https://git.example.org/them/project.git');
    project.repository.commit('First');
  });
  afterAll(() => project.remove());

  it('writes two files that validate, from flags alone', async () => {
    const flags = ['--yes', '--name', project.name, '--command', 'sh job.sh'];
    const { code, stdout } = await project.cli(['create', 'experiments/rnn-1', ...flags]);
    expect(code).toBe(0);
    expect(stdout).toBe('wrote experiments/rnn-1/Dockerfile\nwrote experiments/rnn-1/parameters.json\n');

    const parameters = JSON.parse(readFileSync(join(folder(), 'parameters.json'), 'utf8'));
    expect(parameters).toMatchObject({
      experiment_name: project.name,
      experiment_command: 'sh job.sh',
      project_git_url: 'https://git.example.org/them/project.git',
      target: 'local',
    });
    expect(readFileSync(join(folder(), 'Dockerfile'), 'utf8')).toContain(`\nFROM ${baseImage}\n`);
    expect(await project.ok(['validate'], { cwd: folder() })).toBe(
      `parameters.json is valid: ${project.name}, 1 condition, target local.\n`,
    );
  });

  it('leaves an experiment that runs at once, from its own folder and from any other', async () => {
    const inside = await project.cli(['run', '-o', '1 2'], { cwd: folder() });
    expect(inside).toMatchObject({ code: 0, stdout: 'got 1 2\n' });
    const outside = await project.cli(['run', folder(), '-o', '3'], { cwd: project.scratch });
    expect(outside).toMatchObject({ code: 0, stdout: 'got 3\n' });
  });

  it('makes one experiment from another, under its own name', async () => {
    await project.ok(['create', 'experiments/rnn-2', '--base', 'experiments/rnn-1', '--yes']);
    const made = readFileSync(join(project.root, 'experiments/rnn-2/parameters.json'), 'utf8');
    const base = readFileSync(join(folder(), 'parameters.json'), 'utf8');
    expect(made).toBe(base.replace(`"${project.name}"`, '"rnn-2"'));
    expect(readFileSync(join(project.root, 'experiments/rnn-2/Dockerfile'), 'utf8')).toBe(
      readFileSync(join(folder(), 'Dockerfile'), 'utf8'),
    );
  });

  slow('works as installed, without this repository around it', async () => {
    const installed = join(project.scratch, 'installed');
    copyOfPackage(installed);
    const argv = [process.execPath, join(installed, 'bin', 'run.js'), 'run', '-o', 'installed'];
    const { code, stdout } = await project.startProgram(argv, { cwd: folder() }).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'got installed\n' });
  });
});

describe.skipIf(isMissing('docker', 'git'))('run', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      parameters: { experiment_conditions: ['--lr 0.1', '--lr 0.01', '--fail 7'] },
      files: { 'args.sh': 'for word in "$@"; do printf "<%s>" "$word"; done; echo\n' },
    });
  });
  afterAll(async () => {
    project.receipts();
    await project.quiet();
    await project.remove();
  });

  it('lists the conditions with ids made of their arguments', async () => {
    const { experiment, conditions } = await project.json<{
      experiment: string;
      conditions: { id: string; argv: string[]; options: string }[];
    }>(['conditions']);
    expect(experiment).toBe(project.name);
    expect(conditions.map(({ argv, options }) => [argv, options])).toEqual([
      [['--lr', '0.1'], '--lr 0.1'],
      [['--lr', '0.01'], '--lr 0.01'],
      [['--fail', '7'], '--fail 7'],
    ]);
    expect(conditions[0]?.id).toMatch(/^lr-0-1-[0-9a-f]{10}$/);
  });

  it('prints what the job prints and nothing else, and keeps results and a receipt', async () => {
    const { code, stdout, stderr } = await project.cli(['run', '-o', '--lr 0.01', '--verbose']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the rate is 0.01\n' });
    expect(stderr).toMatch(/^\$ /m);

    const [id] = project.runs;
    expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe('0.01\n');
    expect(project.readRun(id, 'commands.sh')).toContain('docker');
    expect(project.receipt(id)).toMatchObject({
      id,
      experiment: project.name,
      state: 'succeeded',
      exit_code: 0,
      deployment: null,
      target: 'local',
      recipe: {
        experiment: { name: project.name, path: 'experiments/one' },
        condition: { argv: ['--lr', '0.01'] },
        command: 'sh job.sh',
        source: { commit: project.repository.head, branch: 'main', snapshot: false, live: true },
      },
    });
    expect(project.readRun(id, 'parameters.json')).toBe(
      readFileSync(join(project.experiment, 'parameters.json'), 'utf8'),
    );
  });

  it('ends with the job’s exit code, and says why in the receipt', async () => {
    const { code, stdout } = await project.cli(['run', '-o', '--fail 7']);
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'this goes wrong\n' });
    expect(project.receipt()).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 7 });
  });

  it('runs the live tree: an edit takes effect at once, and the receipt pins it', async () => {
    const before = project.repository.git('status', '--porcelain');
    project.repository.write({ 'args.sh': 'echo edited\n', 'job.sh.orig': 'untracked\n' });
    project.setParameters({ experiment_command: 'sh args.sh' });
    expect(await project.ok(['run', '-o', 'x'])).toBe('edited\n');
    const { recipe, edited_during_run } = project.receipt();
    const { source } = recipe;
    expect({ ...source, edited_during_run }).toMatchObject({
      ...{ snapshot: true, live: true, edited_during_run: null },
    });
    expect(project.repository.git('show', `${source.commit}:args.sh`)).toBe('echo edited');
    expect(project.repository.git('show', `${source.commit}:job.sh.orig`)).toBe('untracked');
    expect(project.repository.git('rev-parse', `${source.commit}^`)).toBe(project.repository.head);
    project.repository.git('checkout', '--quiet', '--', '.');
    project.repository.git('clean', '--quiet', '--force', 'job.sh.orig');
    expect(project.repository.git('status', '--porcelain')).toBe(before);
  });

  slow(
    'L4: a base image that is another by now has the image built again, also a base of this computer',
    async () => {
      const base = `${project.name}-base:latest`;
      const docker = (words: readonly string[], input = '') =>
        execFileSync('docker', words, { input, stdio: 'pipe' }).toString().trim();
      const idOf = () => docker(['image', 'inspect', '--format', '{{.Id}}', base]);
      const made = (text: string) =>
        docker(['build', '--quiet', '--tag', base, '-'], `FROM ${baseImage}\nLABEL made=${text}\n`);
      try {
        made('1');
        project.repository.write({ 'experiments/one/Dockerfile': `ARG ON=${base}\nFROM $ON\n` });
        await project.ok(['run', '-o', 'x']);
        const { image } = project.receipt();
        expect(image.base).toEqual([{ name: base, id: idOf(), digests: [] }]);
        made('2');
        await project.ok(['run', '-o', 'x']);
        expect(project.receipt().image).toMatchObject({ base: [{ name: base, id: idOf() }] });
        expect(project.receipt().image.id).not.toBe(image.id);
        expect(await project.ok(['build'])).toContain('exists already');
        expect(await project.ok(['build', '--fresh'])).toContain('is built');
        expect(await project.ok(['build'])).toContain('exists already');
      } finally {
        project.repository.git('checkout', '--quiet', '--', '.');
        docker(['image', 'rm', '--force', base]);
      }
    },
  );

  slow(
    'L9: what a job leaves in the tree does not judge it, also where no snapshot of that can be made',
    async () => {
      project.repository.write({
        'nested.sh':
          "mkdir -p cache/.git/objects cache/.git/refs; echo 'ref: refs/heads/main' >cache/.git/HEAD\necho done; exit 3\n",
      });
      project.setParameters({ experiment_command: 'sh nested.sh' });
      const { code, stdout, stderr } = await project.cli(['run']);
      expect({ code, stdout }).toEqual({ code: 3, stdout: 'done\n' });
      expect(stderr).toMatch(/Warning: Whether the working tree changed during the run is not recorded/);
      expect(project.receipt()).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 3 });
      rmSync(join(project.root, 'cache'), { recursive: true });
      project.repository.git('checkout', '--quiet', '--', '.');
      project.repository.git('clean', '--quiet', '--force', 'nested.sh');
    },
  );

  it.each([
    ['-o "--yes"', ['run', '-o', '--yes'], ['--yes']],
    [
      '-o with quotes',
      ['run', '-o', `--name "two words" 'a$b' c\\ d`],
      ['--name', 'two words', 'a$b', 'c d'],
    ],
    ['--options=', ['run', '--options=-x'], ['-x']],
    ['-- ARGS', ['run', '--', 'two words', '$(touch x)', '', '*', '`id`', 'a\nb', '-o', '--json'], null],
    ['no arguments', ['run'], []],
  ])('hands arguments to the job byte for byte: %s', async (_, words, expected) => {
    project.setParameters({ experiment_command: 'sh args.sh' });
    const argv = expected ?? words.slice(words.indexOf('--') + 1);
    expect(await project.ok(words)).toBe(`${argv.map((word) => `<${word}>`).join('')}\n`);
    expect(project.receipt().recipe.condition.argv).toEqual(argv);
  });

  it('runs a condition of the file by the beginning of its id', async () => {
    project.setParameters({ experiment_conditions: ['--lr 0.1', '--lr 0.01'] });
    expect(await project.ok(['run', '--condition', 'lr-0-01'])).toBe('the rate is 0.01\n');
  });

  slow('--clone sees commits only, and --commit an older one', async () => {
    const older = project.repository.head;
    project.setParameters({ experiment_command: 'sh which.sh' });
    project.repository.write({ 'which.sh': 'echo old\n' });
    const old = project.repository.commit('Old');
    project.repository.write({ 'which.sh': 'echo new\n' });
    const head = project.repository.commit('New');
    project.repository.write({ 'which.sh': 'echo dirty\n' });

    expect(await project.ok(['run'])).toBe('dirty\n');
    expect(await project.ok(['run', '--clone'])).toBe('new\n');
    expect(project.receipt().recipe.source).toMatchObject({ commit: head, live: false, snapshot: false });
    expect(existsSync(project.run(project.runs.at(-1), 'source'))).toBe(false);
    expect(existsSync(project.jobFolder(project.runs.at(-1)))).toBe(false);
    expect(await project.ok(['run', '--clone', '--commit', old.slice(0, 10)])).toBe('old\n');
    expect(project.receipt().recipe.source.commit).toBe(old);

    project.repository.git('reset', '--quiet', '--hard', older);
    project.setParameters({});
  });

  slow('keeps what a --clone run writes into its checkout', async () => {
    project.setParameters({ experiment_command: 'echo kept > out.txt; :' });
    await project.ok(['run', '--clone']);
    expect(project.readRun(project.runs.at(-1), 'data', 'project', 'out.txt')).toBe('kept\n');
    expect(project.receipt().kept).toBe('copied');
    project.setParameters({});
  });

  it('--data-readonly mounts a folder that the job can read and not write', async () => {
    const data = join(project.scratch, 'mnist');
    mkdirSync(data);
    writeFileSync(join(data, 'digits'), '0123456789\n');
    project.setParameters({ experiment_command: 'cat /data/digits; echo x > /data/new; :' });
    const { code, stdout, stderr } = await project.cli(['run', '--data-readonly', data]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0123456789\n' });
    expect(stderr).toMatch(/Read-only file system/);
    expect(existsSync(join(data, 'new'))).toBe(false);
    expect(linesOf('ls', data)).toEqual(['digits']);
    project.setParameters({});
  });

  it('--dry-run prints lines and does nothing', async () => {
    const runs = project.runs;
    const refs = project.repository.git('for-each-ref');
    const { code, stdout, stderr } = await project.cli(['run', '-o', '--lr 5', '--dry-run']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^# docker run .* --lr 5$/m);
    expect(project.runs).toEqual(runs);
    expect(project.repository.git('for-each-ref')).toBe(refs);
    expect(project.containers).toEqual([]);
  });

  it('--json has the receipt alone on standard output', async () => {
    const record = await project.json<{ id: string }>(['run', '-o', '--lr 3']);
    expect(record).toEqual(project.receipt());
  });

  it.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
  ] as const)('%s lets the job save itself; nothing of it is left', async (_, signal) => {
    const started = project.start(['run', '-o', '--hold here']);
    await started.says('holding here');
    started.signal(signal);
    const { code, stdout } = await started.ended;
    expect(stdout).toContain('saved\n');
    const id = project.runs.at(-1);
    expect(project.readRun(id, 'data', 'results', 'saved.txt')).toBe('saved\n');
    expect(project.receipt(id)).toMatchObject({ state: 'stopped', reason: 'user' });
    expect(code).toBe(130);
    await until('the container is gone', () => project.containers.length === 0);
  });

  slow('L31, L40: reads standard input where it is told to, and never that of a loop around it', async () => {
    project.setParameters({ experiment_command: 'cat; echo "$1"; :' });
    const { stdout } = await project.cli(['run', '-i'], { input: 'piped in' });
    expect(stdout).toBe('piped in\n');
    const loop = `while read -r lr; do "$0" "$1" run -o "$lr"; done`;
    const bin = [process.execPath, join(packageRoot, 'bin/run.js')];
    const { ended } = project.startProgram(['sh', '-c', loop, ...bin], { input: '--help\n--json\n' });
    expect((await ended).stdout).toBe('--help\n--json\n');
    project.setParameters({});
  });

  it('writes the configuration file and OPTIONS that plz and the original tool promise', async () => {
    project.setParameters({
      experiment_command: 'cat "$CONFIGURATION_FILE"; echo; echo "$OPTIONS"; :',
      experiment_conditions: [{ lr: 0.1, name: 'two words' }],
    });
    const [json = '', , options] = (await project.ok(['run', '--condition', 'lr'])).split('\n');
    expect(JSON.parse(json)).toMatchObject({
      parameters: { lr: 0.1, name: 'two words' },
      output_directory: '/data/results',
      state_directory: '/data/state',
    });
    expect(options).toBe("--lr 0.1 --name 'two words'");
    project.setParameters({});
  });
});
