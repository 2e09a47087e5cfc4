import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { outputProblems } from '../support/output.js';
import { copyOfPackage, type Finished, type How, TestProject } from '../support/project.js';

/** A refusal says what and how to mend it, as a person reads it: nothing on standard output but perhaps a plan,
 *  and no stack trace. */
function expectRefusal(finished: Finished, code: number, says: readonly (string | RegExp)[]): void {
  for (const text of says) {
    if (typeof text === 'string') expect(finished.stderr).toContain(text);
    else expect(finished.stderr).toMatch(text);
  }
  expect(finished.stderr).not.toMatch(/^\s+at .*[:(]/m);
  expect(finished.stderr).not.toMatch(/node:internal|\[object Object\]|undefined/);
  expect(finished.code).toBe(code);
}

describe.skipIf(isMissing('git'))('outside of what a project is', () => {
  let project: TestProject;
  const parameters =
    '{"experiment_name": "e1", "experiment_command": "sh job.sh", "experiment_conditions": ["1"]}';

  beforeAll(() => {
    project = new TestProject({
      bare: true,
      files: {
        'experiments/one/Dockerfile': `FROM ${baseImage}\n`,
        'experiments/one/parameters.json': parameters,
      },
    });
  });
  afterAll(() => project.remove());

  it('create in no repository writes nothing', async () => {
    const outside = join(project.scratch, 'outside');
    mkdirSync(outside);
    const words = ['create', 'experiments/rnn-1', '--yes', '--command', 'x'];
    const finished = await project.cli(words, { cwd: outside });
    expectRefusal(finished, 1, ['is not in a git repository', '    git init ']);
    expect(stateOfFolder(outside)).toEqual({});
    rmSync(outside, { recursive: true });
  });

  it.each([
    ['deploy', ['deploy', '--yes'], 1],
    ['run', ['run'], 125],
  ])('%s of an experiment in no repository', async (_, words, code) => {
    const outside = join(project.scratch, 'outside');
    mkdirSync(outside, { recursive: true });
    writeFileSync(join(outside, 'Dockerfile'), `FROM ${baseImage}\n`);
    writeFileSync(join(outside, 'parameters.json'), parameters);
    const before = stateOfFolder(outside);
    const finished = await project.cli(words, { cwd: outside });
    expectRefusal(finished, code, ['is not in a git repository', `    git init ${outside}`]);
    expect(stateOfFolder(outside)).toEqual(before);
  });

  it.each([
    ['deploy', ['deploy', '--yes'], 1],
    ['run', ['run'], 125],
  ])('%s with no commits', async (_, words, code) => {
    const before = stateOfFolder(project.root);
    const finished = await project.cli(words, { cwd: project.experiment });
    expectRefusal(finished, code, [
      'has no commits yet',
      `    git -C ${project.root} add --all`,
      /^ {4}git -C \S+ commit --allow-empty --message/m,
    ]);
    expect(stateOfFolder(project.root)).toEqual(before);
  });
});

interface Case {
  readonly name: string;
  readonly words: readonly string[];
  readonly code: number;
  readonly says: readonly (string | RegExp)[];
  readonly arrange?: (project: TestProject) => void;
  readonly how?: (project: TestProject) => How;
}

const writeParameters = (text: string) => (project: TestProject) =>
  project.repository.write({ 'experiments/one/parameters.json': text });

/** A parameters.json with these settings on line 3. */
const withSettings = (settings: string) =>
  writeParameters(`{\n  "experiment_name": "e1",\n  ${settings}\n}\n`);

const cases: readonly Case[] = [
  {
    name: 'a dirty tree',
    words: ['deploy', '--yes'],
    code: 1,
    says: [
      ' M job.sh',
      '?? new.txt',
      '    logistician deploy --yes --snapshot ',
      '    logistician deploy --yes --commit HEAD ',
      /^ {4}git -C \S+ add --all && git -C \S+ commit$/m,
    ],
    arrange: ({ repository }) => repository.write({ 'job.sh': 'echo dirty\n', 'new.txt': '' }),
  },
  {
    name: 'an engine that does not run',
    words: ['deploy', '--yes'],
    code: 1,
    says: [
      'Docker does not answer at unix:///nonexistent/docker.sock',
      '    unset DOCKER_HOST',
      '    docker info',
    ],
    how: () => ({ env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } }),
  },
  {
    name: 'an engine that does not run, in run',
    words: ['run'],
    code: 125,
    says: [
      'Docker does not answer at unix:///nonexistent/docker.sock',
      '    unset DOCKER_HOST',
      '    docker info',
    ],
    how: () => ({ env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } }),
  },
  {
    name: 'no docker program, in deploy',
    words: ['deploy', '--yes'],
    code: 1,
    says: [/docker.* not installed|no such program/i, /apt-get install docker|docs\.docker\.com/],
    how: (project) => ({ env: { PATH: withoutDocker(project) } }),
  },
  {
    name: 'no docker program, in run',
    words: ['run'],
    code: 125,
    says: [/docker.* not installed|no such program/i, /apt-get install docker|docs\.docker\.com/],
    how: (project) => ({ env: { PATH: withoutDocker(project) } }),
  },
  {
    name: 'no git program',
    words: ['deploy', '--yes'],
    code: 1,
    says: ['git is not installed', '    sudo dnf install git'],
    how: (project) => ({ env: { PATH: withOnly(project, 'dnf') } }),
  },
  {
    name: 'a folder that is not there',
    words: ['deploy', '../tow'],
    code: 1,
    says: ['There is no folder', '    logistician create '],
  },
  {
    name: 'no parameters.json',
    words: ['deploy'],
    code: 1,
    says: ['is not an experiment: it has no parameters.json', '    logistician create '],
    arrange: (project) => rmSync(join(project.experiment, 'parameters.json')),
  },
  {
    name: 'no Dockerfile',
    words: ['deploy'],
    code: 1,
    says: ['is not an experiment: it has no Dockerfile'],
    arrange: (project) => rmSync(join(project.experiment, 'Dockerfile')),
  },
  {
    name: 'an empty parameters.json',
    words: ['validate'],
    code: 1,
    says: ['parameters.json:1:1  The file is empty: at the least it holds {"experiment_name"'],
    arrange: writeParameters(''),
  },
  {
    name: 'no JSON',
    words: ['validate'],
    code: 1,
    says: ['parameters.json:3:1  A comma may not stand before }: remove it.'],
    arrange: writeParameters('{\n  "experiment_name": "e1",\n}\n'),
  },
  {
    name: 'several problems at once, each with its place',
    words: ['validate'],
    code: 1,
    says: [
      'parameters.json:3:3  experiment_comand  is no known key: did you mean experiment_command?',
      /parameters\.json:3:\d+ {2}max_hours {2}expected a number of hours.*got "3"\./,
      /parameters\.json:3:\d+ {2}target {2}expected "aws", "hosts" or "local", got "gcp"\./,
    ],
    arrange: withSettings('"experiment_comand": "x", "max_hours": "3", "target": "gcp"'),
  },
  {
    name: 'N20: an input that does not exist, before anything is built',
    words: ['validate'],
    code: 1,
    says: [/The input "sets" does not exist: there is no .*experiments\/one\/nowhere\./, '    mkdir -p '],
    arrange: withSettings('"inputs": {"sets": "nowhere"}'),
  },
  {
    name: 'N20: an input that does not exist, in run',
    words: ['run'],
    code: 125,
    says: [/The input "sets" does not exist: there is no .*experiments\/one\/nowhere\./],
    arrange: withSettings('"inputs": {"sets": "nowhere"}'),
  },
  {
    name: 'N20: no Dockerfile, in validate',
    words: ['validate'],
    code: 1,
    says: ['is not an experiment: it has no Dockerfile'],
    arrange: (project) => rmSync(join(project.experiment, 'Dockerfile')),
  },
  {
    name: 'N20: docker_run_args that Docker does not take, in run, before the image is built',
    words: ['run'],
    code: 125,
    says: [/Docker refuses docker_run_args: invalid argument "3x" for .*--memory/, '    docker run --help'],
    arrange: withSettings('"docker_run_args": ["--memory", "3x"]'),
  },
  {
    name: 'N20: the same in deploy',
    words: ['deploy', '--snapshot', '--yes'],
    code: 1,
    says: [/Docker refuses docker_run_args: invalid argument "3x" for .*--memory/],
    arrange: withSettings('"experiment_conditions": ["1"], "docker_run_args": ["--memory", "3x"]'),
  },
  {
    name: 'L35: a folder that Docker would make as root’s',
    words: ['run'],
    code: 125,
    says: [
      'docker_run_args mount /nonexistent-sets, which does not exist.',
      '    mkdir -p /nonexistent-sets',
    ],
    arrange: withSettings('"docker_run_args": ["-v", "/nonexistent-sets:/sets"]'),
  },
  {
    name: 'L40: runs that is a link',
    words: ['run'],
    code: 125,
    says: ['is not a folder of the experiment itself', /^ {4}rm \S+runs /m],
    arrange: (project) => symlinkSync(project.scratch, join(project.experiment, 'runs')),
  },
  {
    name: 'a remote that is none',
    words: ['create', '../two', '--yes', '--command', 'x', '--git-url', 'no remote'],
    code: 2,
    says: ['"no remote" is no address that git clones', '    git remote get-url origin'],
  },
  {
    name: 'L12: a command that would not get its arguments, in create',
    words: ['create', '../two', '--yes', '--command', 'sh job.sh && echo done'],
    code: 2,
    says: ['The command ends in "echo done", which alone would get the arguments'],
  },
  {
    name: 'a bad name',
    words: ['deploy', '--yes'],
    code: 1,
    says: [/parameters\.json:1:\d+ {2}experiment_name .*got "RNN 1": write "rnn-1"\./],
    arrange: writeParameters('{"experiment_name": "RNN 1"}'),
  },
  {
    name: 'the same condition twice',
    words: ['conditions'],
    code: 1,
    says: [/parameters\.json:3:\d+ {2}experiment_conditions\[2\] .*experiment_conditions\[0\]/],
    arrange: withSettings('"experiment_conditions": ["--lr 1", "--lr 2", ["--lr", "1"]]'),
  },
  {
    name: 'a quote that is not closed',
    words: ['deploy', '--yes'],
    code: 1,
    says: [/parameters\.json:3:\d+ {2}experiment_conditions\[0\] .*a quote ' that is not closed/],
    arrange: withSettings(`"experiment_conditions": ["--name 'x"]`),
  },
  {
    name: 'a quote that is not closed, in run -o',
    words: ['run', '-o', '--name "x'],
    code: 2,
    says: ['These shell words cannot be split: --name "x', 'a quote " that is not closed'],
  },
  {
    name: 'no conditions at all',
    words: ['deploy', '--yes'],
    code: 1,
    says: [
      'has no conditions, so there is nothing to deploy',
      '"experiment_conditions": ["--lr 0.1"',
      '"experiment_grid"',
    ],
    arrange: (project) => project.setParameters({}),
  },
  {
    name: 'an experiment that is not in the commit',
    words: ['deploy', '../two', '--yes', '--commit', 'HEAD'],
    code: 1,
    says: [
      'experiments/two is not in the commit',
      /git -C \S+ add experiments\/two && git -C /,
      '--snapshot',
    ],
    arrange: ({ repository, name }) =>
      repository.write({
        'experiments/two/Dockerfile': `FROM ${baseImage}\n`,
        'experiments/two/parameters.json': `{"experiment_name": "${name}-two", "experiment_conditions": ["1"]}`,
      }),
  },
  {
    name: 'a commit that is not there',
    words: ['deploy', '--yes', '--commit', 'feature/x'],
    code: 1,
    says: ['There is no commit "feature/x"', /^ {4}git -C \S+ log --oneline/m],
  },
  {
    name: 'an unknown condition, in deploy',
    words: ['deploy', '--yes', '--only', 'lr-0-2'],
    code: 2,
    says: [/No condition is called lr-0-2\. Did you mean lr-0-1-[0-9a-f]{10}\?/],
  },
  {
    name: 'an unknown condition, in run',
    words: ['run', '--condition', 'rl-0-1'],
    code: 2,
    says: [/No condition is called rl-0-1\. Did you mean lr-0-1-[0-9a-f]{10}\?/],
  },
  {
    name: 'an unknown condition, in logs',
    words: ['logs', 'lr-0-2'],
    code: 2,
    says: [/No condition is called lr-0-2\. Did you mean lr-0-1-[0-9a-f]{10}\?/],
  },
  {
    name: 'an ambiguous condition',
    words: ['run', '--condition', 'lr'],
    code: 2,
    says: ['2 conditions begin with lr', /^ {2}lr-0-1-[0-9a-f]{10}$/m, /^ {2}lr-0-01-[0-9a-f]{10}$/m],
  },
  { name: 'logs of nothing', words: ['logs'], code: 1, says: ['Nothing has run here yet'] },
  {
    name: 'an unknown verb',
    words: ['deplyo'],
    code: 2,
    says: ['There is no command "deplyo". Did you mean deploy?', '    logistician deploy --help'],
  },
  { name: 'an unknown flag', words: ['deploy', '--forse'], code: 2, says: [/--forse/] },
  { name: 'an unknown flag of run', words: ['run', '--clonee'], code: 2, says: [/--clonee/] },
  { name: 'a word too many', words: ['deploy', 'one', 'two'], code: 2, says: [/two/] },
  { name: 'a number that is none', words: ['deploy', '--first', 'x'], code: 2, says: [/--first/, /\bx\b/] },
  {
    name: 'flags that exclude each other',
    words: ['deploy', '--snapshot', '--commit', 'HEAD'],
    code: 2,
    says: [/--snapshot/],
  },
  {
    name: 'run -o with arguments behind --',
    words: ['run', '-o', 'x', '--', 'y'],
    code: 2,
    says: ['Arguments after "--"'],
  },
  { name: '--commit without --clone', words: ['run', '--commit', 'HEAD'], code: 2, says: [/--clone/] },
  {
    name: 'a time that is none',
    words: ['logs', '--since', 'yesteryear'],
    code: 2,
    says: ['"yesteryear" is not a time', '--since 10m'],
  },
  {
    name: 'a question without a terminal, in deploy',
    words: ['deploy', '--first', '1', '--commit', 'HEAD'],
    code: 1,
    says: ['cannot be asked without a terminal', '    logistician deploy --first 1 --commit HEAD --yes'],
  },
  {
    name: 'create without a terminal and without a path',
    words: ['create'],
    code: 2,
    says: ['The folder of the new experiment is missing'],
  },
  {
    name: 'create without a command',
    words: ['create', 'rnn-1', '--yes'],
    code: 1,
    says: ['The command that runs one condition is missing', "--command 'python3 train.py'"],
  },
  {
    name: 'create with a bad name',
    words: ['create', 'rnn-1', '--yes', '--command', 'x', '--name', 'RNN 1'],
    code: 1,
    says: ['"RNN 1" cannot name an experiment', '--name rnn-1'],
  },
  {
    name: 'create where something is',
    words: ['create', '../one', '--yes', '--command', 'x'],
    code: 1,
    says: ['exists already. Nothing was written.', /^ {4}logistician create \S+one-1 --base \S+one /m],
  },
  {
    name: 'create from what is no experiment',
    words: ['create', 'rnn-1', '--yes', '--base', '../..'],
    code: 1,
    says: ['is not an experiment, so --base cannot copy it'],
  },
  {
    name: 'the target aws, where nothing is set up for it',
    words: ['deploy', '--yes', '--target', 'aws'],
    code: 1,
    says: [
      /Terraform is not installed here|The AWS CLI \(`aws`\) is not installed|There is no SSH key (?:for machines at AWS )?yet/,
    ],
  },
  {
    name: 'an unknown machine',
    words: ['deploy', '--yes'],
    code: 1,
    says: ['there is no address for the name gpu1.invalid', '    logistician doctor --hosts'],
    arrange: (project) =>
      project.setParameters({
        target: 'hosts',
        hosts: ['user@gpu1.invalid'],
        experiment_conditions: ['1'],
      }),
  },
  {
    name: 'a target that is none',
    words: ['deploy', '--yes', '--target', 'gcp'],
    code: 1,
    says: ['"gcp"', '--target local'],
  },
  {
    name: 'a secret that is not set',
    words: ['deploy', '--yes'],
    code: 1,
    says: ['secrets that are not in your environment: WANDB_API_KEY', /^ {4}read -rs WANDB_API_KEY/m],
    arrange: (project) => project.setParameters({ secrets: ['WANDB_API_KEY'], experiment_conditions: ['1'] }),
  },
  {
    name: 'an input that is not there',
    words: ['deploy', '--yes'],
    code: 1,
    says: [/The input "mnist" does not exist: there is no \S+\/experiments\/data/],
    arrange: (project) =>
      project.setParameters({ inputs: { mnist: '../data' }, experiment_conditions: ['1'] }),
  },
  {
    name: 'a data folder that is not there',
    words: ['run', '--data-readonly', '../nothing'],
    code: 125,
    says: [/The data folder \S+nothing does not exist/],
  },
];

/** A PATH with one program on it, which does nothing. */
function withOnly(project: TestProject, name: string): string {
  const folder = join(project.scratch, `only-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), '', { mode: 0o755 });
  return folder;
}

/** A PATH with a git that says it is of this version, before all that is on it. */
function withGit(project: TestProject, version: string): string {
  const folder = join(project.scratch, `git-${version}`);
  mkdirSync(folder, { recursive: true });
  const says = `[ "$1" != --version ] || exec echo git version ${version}`;
  const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
  writeFileSync(join(folder, 'git'), `#!/bin/sh\n${says}\nexec ${real} "$@"\n`, { mode: 0o755 });
  return `${folder}:${process.env.PATH}`;
}

/** A PATH that has what a computer without Docker has. */
function withoutDocker(project: TestProject): string {
  const folder = join(project.scratch, 'bin');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const path of execFileSync('sh', ['-c', 'ls -d /bin/* /usr/bin/*']).toString().trim().split('\n')) {
    const name = path.split('/').at(-1) ?? '';
    if (name.startsWith('docker') || name.startsWith('podman')) continue;
    rmSync(join(folder, name), { force: true });
    symlinkSync(path, join(folder, name));
  }
  return folder;
}

describe.skipIf(isMissing('docker', 'git'))('refused, with cause and remedy, and nothing written', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1', '--lr 0.01'] } });
  });
  afterAll(() => project.remove());

  it.each(cases)('$name', async ({ words, code, says, arrange, how }) => {
    arrange?.(project);
    const before = stateOfFolder(project.root);
    try {
      expectRefusal(await project.cli(words, how?.(project)), code, says);
      expect(stateOfFolder(project.root)).toEqual(before);
      expect(project.containers).toEqual([]);
    } finally {
      project.repository.git('checkout', '--quiet', '--', '.');
      project.repository.git('clean', '--quiet', '--force', '-d', '-x');
    }
  });

  it('doctor tells of a git that is too old, and takes the oldest that works', async () => {
    const findings = async (version: string) => {
      const { stdout } = await project.cli(['doctor'], { env: { PATH: withGit(project, version) } });
      return stdout;
    };
    expect(await findings('2.33.8')).toMatch(
      /^BAD +git +2\.33\.8 is too old: 2\.34 or later is needed\n +\S.* git$/m,
    );
    expect(await findings('2.34.1')).toMatch(/^ok +git +git version 2\.34\.1$/m);
  });

  it('says it in JSON where JSON is asked for', async () => {
    const { code, stdout } = await project.cli(['deploy', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { name: 'NeedsYes', suggestions: ['logistician deploy --json --yes'] },
    });
  });

  it.each<[string, number, string, readonly string[]]>([
    ['N9: of an ambiguous condition, in logs, on one line', 2, 'UnknownCondition', ['logs', 'lr']],
    ['of a verb that does not exist', 2, 'UserError', ['deplyo']],
    ['of an experiment that does not exist', 1, 'NoSuchFolder', ['logs', './nowhere']],
    ['of a session that cannot be opened', 2, 'UnknownCondition', ['ssh', 'lr']],
  ])('says it in JSON: %s', async (_, code, name, words) => {
    const finished = await project.cli([...words, '--json']);
    expect(finished).toMatchObject({ code, stderr: '' });
    const said = JSON.parse(finished.stdout) as { error: { name: string } };
    expect(outputProblems('error', said)).toEqual([]);
    expect(said.error.name).toBe(name);
    if (words[0] === 'logs') expect(finished.stdout.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['-h', /^VERSION$/m],
    ['help', /^VERSION$/m],
    ['help deploy', /^ {2}\$ logistician deploy /m],
    ['deploy -h', /^ {2}\$ logistician deploy /m],
    ['version', /^logistician\/\d/],
  ])('N18: %s, as other tools have it', async (line, says) => {
    expect(await project.ok(line.split(' '))).toMatch(says);
  });

  it.each(['help deplyo', 'deplyo --help', 'deplyo -h'])(
    'N18: %s proposes the nearest verb',
    async (line) => {
      expectRefusal(await project.cli(line.split(' ')), 2, ['Did you mean deploy?']);
    },
  );

  it('names the experiment in its lines, as it was given', async () => {
    const finished = await project.cli(['deploy', 'experiments/one'], { cwd: project.root });
    expectRefusal(finished, 1, ['    logistician deploy experiments/one --yes']);
  });

  it('shows a stack trace with DEBUG', async () => {
    const { stderr } = await project.cli(['deploy'], { env: { DEBUG: '1' } });
    expect(stderr).toMatch(/^\s+at .*:\d+:\d+/m);
  });
});

describe.skipIf(isMissing('docker', 'git'))('a build that fails', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      parameters: { experiment_conditions: ['--lr 1'] },
      files: { 'experiments/one/Dockerfile': `FROM ${baseImage}\nRUN echo "no such package" && exit 3\n` },
    });
  });
  afterAll(() => project.remove());

  it('deploy shows the build’s own words in the error, and then the line', async () => {
    const finished = await project.cli(['deploy', '--yes']);
    expectRefusal(finished, 1, [
      /The image could not be built: docker build ended with exit code \d+:\n[\s\S]*no such package/,
      'logistician build',
    ]);
  });

  it('leaves no run and no deployment behind', async () => {
    const { live, conditions } = await project.json(['status']);
    expect({ live, conditions }).toMatchObject({ live: false, conditions: [{ state: null, run: null }] });
    expect(project.runs).toEqual([]);
    await project.quiet();
  });

  it('run ends with 125', async () => {
    expectRefusal(await project.cli(['run', '-o', '--lr 1']), 125, ['The image could not be built']);
    expect(project.runs).toEqual([]);
  });

  it('works once it is mended', async () => {
    project.repository.write({ 'experiments/one/Dockerfile': `FROM ${baseImage}\n` });
    project.repository.commit('Mended');
    const { code } = await project.cli(['deploy', '--yes', '--wait']);
    expect(code).toBe(0);
    expect(project.receipt()).toMatchObject({ state: 'succeeded' });
  });
});

describe.skipIf(isMissing('docker', 'git', 'root'))('a user who may not use Docker', () => {
  let project: TestProject;
  const unprivileged = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

  beforeAll(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 1'] } });
    copyOfPackage(join(project.scratch, 'installed'));
  });
  afterAll(() => project.remove());

  const asNobody = (...words: string[]) =>
    project.startProgram([
      ...unprivileged,
      process.execPath,
      join(project.scratch, 'installed/bin/run.js'),
      ...words,
    ]).ended;

  it('hears of git’s own refusal first, where the project is another’s', async () => {
    execFileSync('chmod', ['755', project.scratch]);
    expectRefusal(await asNobody('deploy', '--yes'), 1, [
      'it belongs to another user',
      `    git config --global --add safe.directory ${project.root}`,
    ]);
  });

  it('hears how to get into the group', async () => {
    execFileSync('chown', ['-R', '65534:65534', project.scratch]);
    const before = stateOfFolder(project.root);
    expectRefusal(await asNobody('deploy', '--yes'), 1, [
      'not allowed to use it',
      '    sudo usermod --append --groups docker "$USER"',
    ]);
    expectRefusal(await asNobody('run'), 125, ['not allowed to use it']);
    expect(stateOfFolder(project.root)).toEqual(before);
  });
});
