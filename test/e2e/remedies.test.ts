import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { executed } from '../support/remedies.js';
import { binOf, paste, type Refusal, refusedBy } from '../support/remedy.js';
import { slow } from '../support/slow.js';

interface Where {
  /** In the project; left out: the experiment. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What is typed into a remedy that reads. */
  readonly input?: string;
}

/** A state, the command that is refused in it, and which of the lines that it proposes mend it, all of them in order or
 *  each by itself. */
interface Case extends Where {
  /** As test/support/remedies.ts has it. */
  readonly of: (typeof executed)[number];
  readonly state: string;
  readonly arrange?: (project: TestProject) => void;
  readonly words: readonly string[];
  /** These of the lines, one after the other; after them the command is not refused so again. */
  readonly inOrder?: readonly number[];
  /** Each of these lines is taken, and not refused. */
  readonly each?: readonly number[];
  /** How many lines there are. */
  readonly lines: number;
}

let project: TestProject;
let env: NodeJS.ProcessEnv;

beforeAll(() => {
  project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1', '--lr 0.01'] } });
  const bin = binOf(project);
  // A person writes a message.
  const editor = join(bin, 'an-editor');
  writeFileSync(editor, '#!/bin/sh\necho Mended >"$1"\n');
  chmodSync(editor, 0o755);
  env = { ...project.env, PATH: `${bin}:${process.env.PATH}`, GIT_EDITOR: editor };
  for (const [key, value] of [
    ['user.name', 'A Researcher'],
    ['user.email', 'researcher@example.org'],
  ])
    execFileSync('git', ['config', '--global', key ?? '', value ?? ''], { env });
});
afterAll(() => project.remove());

const folderOf = ({ cwd }: Where) => (cwd === undefined ? project.experiment : join(project.scratch, cwd));

const refusalOf = (words: readonly string[], where: Where) =>
  refusedBy(project, words, { cwd: folderOf(where), env: { ...env, ...where.env } });

const take = (line: string, where: Where) =>
  paste(line, { cwd: folderOf(where), env: { ...env, ...where.env }, input: where.input });

/** Files below the scratch folder. */
const put = (files: Readonly<Record<string, string>>) => () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project.scratch, path)), { recursive: true });
    writeFileSync(join(project.scratch, path), text);
  }
};

const bare = (name: string, command = 'sh job.sh') => ({
  Dockerfile: `FROM ${baseImage}\n`,
  'parameters.json': JSON.stringify({
    experiment_name: name,
    experiment_command: command,
    experiment_conditions: ['1'],
  }),
});

const within = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

const git = (...words: string[]) =>
  execFileSync('git', ['-C', project.root, ...words], { env, stdio: 'pipe' });

const dry = ['deploy', '--dry-run'];

const withSubmodule = () => {
  const library = join(project.scratch, 'library');
  mkdirSync(library);
  const inside = (...words: string[]) =>
    execFileSync('git', ['-C', library, ...words], { env, stdio: 'pipe' });
  inside('init', '--quiet');
  writeFileSync(join(library, 'lib.py'), '');
  inside('add', '.');
  inside('commit', '--quiet', '--message', 'Library');
  git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
  git('commit', '--quiet', '--message', 'With a submodule');
};

const cases: readonly Case[] = [
  {
    of: 'NoRepository',
    state: 'the experiment is in no repository',
    arrange: () => put(within('outside/experiments/one', bare('outside')))(),
    cwd: 'outside/experiments/one',
    words: dry,
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'NoCommits',
    state: 'then, the repository has no commit',
    cwd: 'outside/experiments/one',
    words: dry,
    inOrder: [0, 1],
    lines: 2,
  },
  {
    of: 'DirtyTree',
    state: 'a file is changed',
    arrange: ({ repository }) => repository.write({ 'new.txt': 'x' }),
    words: dry,
    each: [1, 2],
    inOrder: [0],
    lines: 3,
  },
  {
    of: 'DirtyTree',
    state: 'a submodule has __pycache__',
    arrange: ({ repository }) => {
      withSubmodule();
      repository.write({ 'lib/__pycache__/lib.pyc': 'x' });
    },
    words: dry,
    inOrder: [0],
    lines: 4,
  },
  {
    of: 'DirtyTree',
    state: 'a file of a submodule is changed',
    arrange: ({ repository }) => repository.write({ 'lib/lib.py': 'x' }),
    words: dry,
    each: [2, 3],
    inOrder: [0, 1],
    lines: 4,
  },
  {
    of: 'UnknownCommit',
    state: 'no such commit',
    words: [...dry, '--commit', 'nothing'],
    each: [0],
    lines: 1,
  },
  {
    of: 'NotInCommit',
    state: 'the experiment is new',
    arrange: () => put(within('project/experiments/new', bare('new')))(),
    words: [...dry, '../new', '--commit', 'HEAD'],
    each: [1],
    inOrder: [0],
    lines: 2,
  },
  {
    of: 'LargeUntrackedFiles',
    state: 'a large file is untracked',
    arrange: ({ root }) => {
      writeFileSync(join(root, 'large.bin'), '');
      truncateSync(join(root, 'large.bin'), 60e6);
    },
    words: [...dry, '--snapshot'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'UnknownCondition',
    state: 'no such condition',
    words: [...dry, '--only', 'rl'],
    each: [0],
    lines: 1,
  },
  { of: 'NeedsYes', state: 'no terminal', words: ['deploy', '--commit', 'HEAD'], each: [0], lines: 1 },
  { of: 'WrongUsage', state: 'words of the job', words: ['run', '--lr', '1'], each: [0, 1], lines: 2 },
  { of: 'WrongUsage', state: 'a word too many', words: ['deploy', '.', 'lr-0-1'], each: [1], lines: 2 },
  { of: 'hooks/command-not-found.ts', state: 'a mistyped verb', words: ['deplyo'], each: [0, 1], lines: 2 },
  { of: 'UnbalancedQuote', state: 'an open quote', words: ['run', '-o', "--name 'x"], each: [0], lines: 1 },
  {
    of: 'NoExperiment',
    state: 'a folder beside the experiments',
    cwd: 'project',
    words: dry,
    each: [0, 1, 2],
    lines: 3,
  },
  {
    of: 'NoExperiment',
    state: 'there is none in the project',
    arrange: () => {
      put({ 'empty/train.py': '' })();
      execFileSync('git', ['init', '--quiet', join(project.scratch, 'empty')], { env });
    },
    cwd: 'empty',
    words: ['validate'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'NoExperiment',
    state: 'without a Dockerfile',
    arrange: () => rmSync(join(project.experiment, 'Dockerfile')),
    words: [...dry, '--commit', 'HEAD'],
    inOrder: [0],
    lines: 1,
  },
  { of: 'NoSuchFolder', state: 'no such folder', words: ['validate', './nothing'], inOrder: [0], lines: 1 },
  { of: 'NoSuchFolder', state: 'nearly its name', words: ['validate', '../onee'], each: [0, 1], lines: 2 },
  {
    of: 'NoExperiments',
    state: 'an empty project',
    arrange: () => execFileSync('git', ['init', '--quiet', join(project.scratch, 'bare')], { env }),
    cwd: 'bare',
    words: ['create'],
    each: [0],
    lines: 2,
  },
  {
    of: 'AmbiguousExperiment',
    state: 'two are called so',
    arrange: () => {
      put(within('twice/a/one', bare('x')))();
      put(within('twice/b/one', bare('y')))();
      execFileSync('git', ['init', '--quiet', join(project.scratch, 'twice')], { env });
    },
    cwd: 'twice',
    words: ['validate', 'one'],
    each: [0, 1],
    lines: 2,
  },
  {
    of: 'AlreadyThere',
    state: 'one is there',
    words: ['create', '.', '--yes', '--command', 'x'],
    each: [0],
    lines: 2,
  },
  { of: 'FolderMissing', state: 'no folder is given', words: ['create'], each: [1], lines: 2 },
  { of: 'CommandMissing', state: 'no command', words: ['create', '../c-1', '--yes'], each: [0], lines: 1 },
  {
    of: 'BadName',
    state: 'no name for an experiment',
    words: ['create', '../d-1', '--yes', '--name', 'A B', '--command', 'sh job.sh'],
    each: [0],
    lines: 1,
  },
  {
    of: 'NameTaken',
    state: 'another has the name',
    words: ['create', '../e-1', '--yes', '--name', 'new', '--command', 'x'],
    each: [0],
    lines: 1,
  },
  {
    of: 'NoBase',
    state: 'nothing to base it on',
    words: ['create', '../f-1', '--yes', '--base', '../..'],
    each: [0],
    lines: 1,
  },
  {
    of: 'TargetNotSupported',
    state: 'no such target',
    words: [...dry, '--commit', 'HEAD', '--target', 'gcp'],
    each: [0],
    lines: 3,
  },
  {
    of: 'operations/deploy/preview.ts',
    state: 'nothing is rented',
    words: ['deploy', '--plan', '--commit', 'HEAD'],
    each: [0],
    lines: 1,
  },
  {
    of: 'NothingRented',
    state: 'nothing is rented',
    words: ['deploy', '--max-machines', '2', '--commit', 'HEAD'],
    each: [0],
    lines: 1,
  },
  {
    of: 'NothingToRetry',
    state: 'nothing was deployed',
    words: [...dry, '--retry-failed'],
    each: [0],
    lines: 1,
  },
  { of: 'NoOutput', state: 'nothing has run', words: ['logs'], each: [0], lines: 1 },
  {
    of: 'operations/inspect/open-machine.ts',
    state: 'nothing is deployed',
    words: ['ssh', 'lr-0-1'],
    each: [0],
    lines: 1,
  },
  { of: 'commands/logs.ts', state: 'no time', words: ['logs', '--since', 'x'], each: [], lines: 2 },
  {
    of: 'commands/run.ts',
    state: 'two kinds of arguments',
    words: ['run', '-o', 'x', '--', 'y'],
    each: [0],
    lines: 1,
  },
  { of: 'commands/ssh.ts', state: 'no condition', words: ['ssh'], each: [0], lines: 2 },
  {
    of: 'commands/sync.ts',
    state: 'a path out of data',
    words: ['sync', '--only', '..'],
    each: [0],
    lines: 1,
  },
  { of: 'cli/machine-flags.ts', state: 'no address', words: [...dry, '--hosts', ','], each: [], lines: 1 },
  {
    of: 'operations/deploy/secrets.ts',
    state: 'a secret is not set',
    arrange: ({ repository, name }) =>
      repository.write({
        'experiments/one/parameters.json': JSON.stringify({
          experiment_name: name,
          secrets: ['A_KEY'],
          experiment_conditions: ['1'],
        }),
      }),
    input: 'secret\n',
    words: [...dry, '--commit', 'HEAD'],
    each: [0],
    lines: 1,
  },
  {
    of: 'UnfitInput',
    state: 'an input does not exist',
    arrange: (own) => own.setParameters({ inputs: { data: '../data' }, experiment_conditions: ['1'] }),
    words: [...dry, '--commit', 'HEAD'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'NotUtf8',
    state: 'parameters.json is in UTF-16',
    arrange: ({ experiment, name }) =>
      writeFileSync(
        join(experiment, 'parameters.json'),
        Buffer.from(`\ufeff{"experiment_name": "${name}"}`, 'utf16le'),
      ),
    words: ['validate'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'operations/start/run.ts',
    state: 'a data folder does not exist',
    words: ['run', '--dry-run', '--data-readonly', '../some-data'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'DockerUnavailable',
    state: 'DOCKER_HOST leads nowhere',
    env: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
    words: [...dry, '--commit', 'HEAD'],
    each: [0],
    lines: 2,
  },
  {
    of: 'DamagedDeployment',
    state: 'its record is cut off',
    arrange: ({ stateFolder }) => {
      mkdirSync(stateFolder, { recursive: true });
      writeFileSync(join(stateFolder, 'deployment.json'), '{');
      writeFileSync(join(stateFolder, 'folder'), `${project.experiment}\n`);
    },
    words: ['status'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'NotTheRunsFolder',
    state: 'runs is a link',
    arrange: ({ experiment, home }) => symlinkSync(home, join(experiment, 'runs')),
    words: [...dry, '--commit', 'HEAD'],
    inOrder: [0, 1],
    lines: 3,
  },
  {
    of: 'FilesElsewhere',
    state: 'core.worktree leads elsewhere',
    arrange: () => git('config', 'core.worktree', '/tmp'),
    words: [...dry, '--commit', 'HEAD'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'GitUnavailable',
    state: 'the repository is of another user',
    arrange: ({ root }) => void execFileSync('chown', ['12345', root, join(root, '.git')]),
    words: [...dry, '--commit', 'HEAD'],
    inOrder: [0],
    lines: 1,
  },
  {
    of: 'UntrustedFilter',
    state: 'a filter that only the repository names',
    arrange: ({ repository }) => {
      git('config', 'filter.own.clean', 'cat');
      git('config', 'filter.own.smudge', 'cat');
      repository.write({ '.gitattributes': '*.own filter=own\n', 'x.own': 'x' });
      git('add', '.gitattributes');
    },
    words: [...dry, '--snapshot'],
    inOrder: [0, 1],
    lines: 2,
  },
];

describe.skipIf(isLeftOut('docker', 'git', 'root'))(
  'N6: a remedy is taken in the state in which it is proposed',
  () => {
    it.each(cases)('$of: $state', async (one) => {
      one.arrange?.(project);
      const before = await refusalOf(one.words, one);
      expect(before, 'it is refused').not.toBe(null);
      expect(before?.suggestions, before?.message).toHaveLength(one.lines);
      const { each = [], inOrder = [] } = one;
      for (const place of each) await take(before?.suggestions[place] ?? '', one);
      for (const place of inOrder) await take(before?.suggestions[place] ?? '', one);
      if (inOrder.length > 0) expect((await refusalOf(one.words, one))?.name).not.toBe(before?.name);
      if (existing(one)) {
        git('reset', '--quiet', '--hard', '--recurse-submodules');
        git('clean', '--quiet', '--force', '-d');
      }
    });

    slow('DirtyTree: what is proposed is for the conditions that were chosen', async () => {
      project.repository.write({ 'another.txt': 'x' });
      const { name, suggestions = [] } = (await refusalOf([...dry, '--only', 'lr-0-1'], {})) ?? {};
      const ours = suggestions.filter((line) => line.startsWith('logistician '));
      expect([name, ours.length]).toEqual(['DirtyTree', 2]);
      for (const line of ours) {
        const said = JSON.parse(await take(line, {})) as { conditions: string[] };
        expect(said.conditions).toEqual([expect.stringMatching(/^lr-0-1-/)]);
      }
      git('clean', '--quiet', '--force', '-d');
    });

    it('NoConditions: what is proposed for parameters.json is valid there', async () => {
      project.setParameters({});
      const { name, suggestions = [] } = (await refusalOf([...dry, '--commit', 'HEAD'], {})) ?? {};
      expect([name, suggestions.length]).toEqual(['NoConditions', 2]);
      for (const line of suggestions) {
        project.setParameters(JSON.parse(`{${line.replace(/ {4}#.*/, '')}}`) as Record<string, unknown>);
        expect(await refusalOf(['validate'], {})).toBe(null);
      }
      git('checkout', '--quiet', '--', '.');
    });

    it('proposes no repository of all that a person has', async () => {
      put(within('home', bare('at-home')))();
      const { suggestions = [] } = (await refusalOf(dry, { cwd: 'home' })) ?? {};
      expect(suggestions).toHaveLength(1);
      expect(suggestions[0]).toContain(`git init ${project.home}/my-project `);
      for (const name of Object.keys(bare(''))) rmSync(join(project.home, name));
    });
  },
);

/** What the next case begins with. */
const existing = ({ cwd }: Case): boolean => cwd === undefined;

describe.skipIf(isLeftOut('docker', 'git'))('N6: while a job runs', () => {
  slow('goes on with the live deployment, or ends it', async () => {
    const own = new TestProject({ parameters: { experiment_conditions: ['--hold a'] } });
    try {
      await own.ok(['deploy', '--yes']);
      await own.holding('hold-a');
      own.repository.write({ 'new.txt': 'x' });
      own.repository.commit('Other code');
      const how = { env: { ...env, HOME: own.home }, cwd: own.experiment };
      const said = await own.cli(['deploy', '--yes', '--json'], how);
      const { error } = JSON.parse(said.stdout) as { error: Refusal };
      expect(error.name).toBe('LiveAtAnotherCommit');
      const local = await own.cli(['ssh', 'hold-a', '--json'], how);
      const other = (JSON.parse(local.stdout) as { error: Refusal }).error;
      expect(other.message).toContain('runs on this computer');
      for (const line of [...other.suggestions, ...error.suggestions])
        await paste(line, { ...how, input: 'exit 0\n' });
      expect((await own.cli(['deploy', '--dry-run'], how)).code).toBe(0);
    } finally {
      await own.remove();
    }
  });
});

it('each class that is listed as executed has a case', () => {
  const elsewhereHere = ['LiveAtAnotherCommit', 'targets/local/local.ts', 'NoConditions'];
  const named = new Set<string>([...cases.map((one) => one.of), ...elsewhereHere]);
  expect(executed.filter((name) => !named.has(name))).toEqual([]);
});
