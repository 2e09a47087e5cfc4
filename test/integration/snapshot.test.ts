import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { hiddenEdits } from '../../src/source/hidden-edits.js';
import { DirtyTree, pinCommit, pinHead, UnknownCommit } from '../../src/source/pin.js';
import { NoCommits, NoRepository, openProject } from '../../src/source/project.js';
import { pinSnapshot } from '../../src/source/snapshot.js';
import { sourceId } from '../../src/source/source-id.js';
import { LargeUntrackedFiles } from '../../src/source/survey-tree.js';
import { isMissing } from '../support/engines.js';
import { type Files, Repository, scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';

const files = {
  'README.md': 'A project.\n',
  'src/train.py': 'print(1)\n',
  'old.txt': 'old\n',
  'exp/parameters.json': '{}\n',
  '.gitignore': '*.log\ndata/\n',
};

describe.skipIf(isMissing('git'))('pinning', () => {
  const repositories: Repository[] = [];

  afterEach(() => {
    for (const repository of repositories.splice(0)) repository.remove();
  });

  const create = (more: Files = {}) => {
    const repository = Repository.create({ ...files, ...more });
    repositories.push(repository);
    return repository;
  };

  const lines: string[] = [];
  const executor = (dryRun = false) => {
    lines.length = 0;
    return new Executor(new Journal((line) => lines.push(line)), dryRun);
  };

  const snapshot = async ({ root }: Repository, large: 'refuse' | 'leave out' = 'refuse') =>
    pinSnapshot(await openProject(root), executor(), large);

  /** All that a user could see changed, files included. */
  const looks = (repository: Repository) => ({
    index: readFileSync(join(repository.root, '.git', 'index')).toString('base64'),
    head: readFileSync(join(repository.root, '.git', 'HEAD'), 'utf8'),
    branches: repository.git('for-each-ref', 'refs/heads', 'refs/tags', 'refs/stash'),
    status: repository.git('--no-optional-locks', 'status', '--porcelain', '--ignored'),
    files: readdirSync(repository.root, { recursive: true })
      .filter((name) => !String(name).startsWith('.git/'))
      .sort(),
  });

  const objects = (repository: Repository) =>
    repository.git('cat-file', '--batch-all-objects', '--batch-check=%(objectname)');

  const listing = (repository: Repository, commit: string) =>
    repository
      .git('ls-tree', '-r', commit)
      .split('\n')
      .map((line) => line.replace(/^(\d+) \S+ \S+\t/, '$1 '));

  describe('to the last commit', () => {
    it('refuses a tree with changes, and lists every one', async () => {
      const repository = create();
      repository.write({ 'README.md': 'Changed.\n', 'new file.txt': 'new\n', 'staged.txt': 'staged\n' });
      repository.git('add', 'staged.txt');
      repository.git('mv', 'old.txt', 'renamed.txt');
      unlinkSync(join(repository.root, 'src/train.py'));
      const refusal = await pinHead(await openProject(repository.root), 'exp/parameters.json').catch(
        (error) => error,
      );
      expect(refusal).toBeInstanceOf(DirtyTree);
      expect([...refusal.changed].sort()).toEqual([
        ' D src/train.py',
        ' M README.md',
        '?? new file.txt',
        'A  renamed.txt',
        'A  staged.txt',
        'D  old.txt',
      ]);
      for (const change of refusal.changed) expect(refusal.message).toContain(change);
    });

    it('counts untracked files with any settings', async () => {
      const repository = create();
      repository.git('config', 'status.showUntrackedFiles', 'no');
      repository.write({ 'new.txt': 'new\n' });
      await expect(pinHead(await openProject(repository.root), '')).rejects.toThrow('new.txt');
    });

    it('does not count parameters.json, nor what is ignored', async () => {
      const repository = create();
      repository.write({ 'exp/parameters.json': '{"changed":1}', 'run.log': 'x', 'data/big': 'x' });
      const pin = await pinHead(await openProject(repository.root), 'exp/parameters.json');
      expect(pin).toEqual({
        commit: repository.head,
        tree: repository.git('rev-parse', 'HEAD^{tree}'),
        snapshot: false,
        pushed: false,
        leftOut: [],
      });
      repository.write({ 'parameters.json': 'another one' });
      await expect(pinHead(await openProject(repository.root), 'exp/parameters.json')).rejects.toThrow(
        DirtyTree,
      );
    });

    it('N8: does not count the parameters.json of another experiment, but any other file of that name', async () => {
      const repository = create({
        'experiments/a b/Dockerfile': 'FROM scratch\n',
        'experiments/a b/parameters.json': '{}\n',
        'src/parameters.json': '{}\n',
      });
      repository.write({ 'experiments/a b/parameters.json': '{"changed":1}' });
      const pin = await pinHead(await openProject(repository.root), 'exp/parameters.json');
      expect(pin.commit).toBe(repository.head);
      repository.write({ 'src/parameters.json': '{"changed":1}' });
      await expect(pinHead(await openProject(repository.root), 'exp/parameters.json')).rejects.toMatchObject({
        changed: [' M src/parameters.json'],
      });
    });

    it('L5: is told which edits git does not show', async () => {
      const repository = create();
      repository.git('update-index', '--skip-worktree', 'README.md');
      repository.git('update-index', '--assume-unchanged', 'old.txt', 'src/train.py');
      const edits = async () => hiddenEdits(await openProject(repository.root), executor());
      expect(await edits()).toEqual([]);
      repository.write({ 'README.md': 'hidden\n', 'old.txt': 'hidden, too\n' });
      expect(repository.git('status', '--porcelain')).toBe('');
      expect(await edits()).toEqual(['README.md', 'old.txt']);
      unlinkSync(join(repository.root, 'src/train.py'));
      expect(await edits()).toEqual(['README.md', 'old.txt', 'src/train.py']);
    });

    it('knows whether the remote has it', async () => {
      const repository = create();
      const remote = join(repository.root, '..', 'remote.git');
      repository.git('init', '--quiet', '--bare', remote);
      repository.git('remote', 'add', 'origin', remote);
      repository.git('push', '--quiet', 'origin', 'main');
      expect((await pinHead(await openProject(repository.root), '')).pushed).toBe(true);
      repository.commit('Not pushed');
      expect((await pinHead(await openProject(repository.root), '')).pushed).toBe(false);
    });

    it('takes commits by any name, and refuses those that are none', async () => {
      const repository = create();
      const first = repository.head;
      repository.commit('Second');
      const project = await openProject(repository.root);
      expect((await pinCommit(project, 'HEAD~1')).commit).toBe(first);
      expect((await pinCommit(project, first.slice(0, 8))).commit).toBe(first);
      for (const name of ['nonsense', '', '--all', 'HEAD:README.md']) {
        await expect(pinCommit(project, name)).rejects.toThrow(UnknownCommit);
      }
    });
  });

  describe('to a snapshot', () => {
    it('holds changed, staged, untracked and deleted files as they are, and none that is ignored', async () => {
      const repository = create();
      repository.write({
        'README.md': 'Changed.\n',
        'staged.txt': 'staged\n',
        'späce "quote".txt': 'x',
        'run.log': 'ignored',
        'data/big': 'ignored',
      });
      repository.git('add', 'staged.txt');
      repository.write({ 'staged.txt': 'and changed since\n' });
      repository.write({ 'run.sh': 'echo\n' }, 0o755);
      symlinkSync('/nowhere/at all', join(repository.root, 'link'));
      unlinkSync(join(repository.root, 'old.txt'));
      const pin = await snapshot(repository);
      expect(pin).toMatchObject({ snapshot: true, pushed: false, leftOut: [] });
      expect(
        repository
          .git('-c', 'core.quotePath=false', 'ls-tree', '-r', '-z', '--name-only', pin.commit)
          .split('\0')
          .filter(Boolean),
      ).toEqual([
        '.gitignore',
        'README.md',
        'exp/parameters.json',
        'link',
        'run.sh',
        'späce "quote".txt',
        'src/train.py',
        'staged.txt',
      ]);
      expect(listing(repository, pin.commit)).toEqual(
        expect.arrayContaining(['100755 run.sh', '120000 link']),
      );
      expect(repository.git('show', `${pin.commit}:README.md`)).toBe('Changed.');
      expect(repository.git('show', `${pin.commit}:staged.txt`)).toBe('and changed since');
      expect(repository.git('show', `${pin.commit}:link`)).toBe('/nowhere/at all');
      expect(repository.git('rev-parse', `${pin.commit}^`)).toBe(repository.head);
      expect(repository.git('rev-parse', `${pin.commit}^{tree}`)).toBe(pin.tree);
    });

    it('leaves branch, index, status and files as they were', async () => {
      const repository = create();
      repository.write({ 'README.md': 'Changed.\n', 'new.txt': 'new\n', 'staged.txt': 'staged\n' });
      repository.git('add', 'staged.txt');
      repository.git('add', '--intent-to-add', 'new.txt');
      const before = looks(repository);
      await snapshot(repository);
      await snapshot(repository);
      expect(looks(repository)).toEqual(before);
    });

    it('is the same commit for the same tree, after any others', async () => {
      const repository = create();
      repository.write({ 'new.txt': 'one\n' });
      const one = await snapshot(repository);
      repository.write({ 'new.txt': 'two\n' });
      const two = await snapshot(repository);
      repository.write({ 'new.txt': 'one\n' });
      expect(await snapshot(repository)).toEqual(one);
      expect(two.commit).not.toBe(one.commit);
    });

    it('is HEAD itself where nothing has changed', async () => {
      const repository = create();
      expect(await snapshot(repository)).toMatchObject({ commit: repository.head, snapshot: false });
      repository.write({ 'new.txt': 'x' });
      await snapshot(repository);
      // Nothing is recorded with it yet.
      expect(repository.git('for-each-ref', 'refs/logistician')).toBe('');
      unlinkSync(join(repository.root, 'new.txt'));
      expect(await snapshot(repository)).toMatchObject({ commit: repository.head, snapshot: false });
    });

    it('holds tracked files that are ignored, and those that the user forced in', async () => {
      const repository = create();
      repository.write({ 'data/kept.csv': '1\n', 'data/staged.csv': '2\n', 'data/ignored.csv': '3\n' });
      repository.git('add', '--force', 'data/kept.csv');
      repository.git('commit', '--quiet', '--message', 'Data');
      expect(await snapshot(repository)).toMatchObject({ commit: repository.head, snapshot: false });
      repository.git('add', '--force', 'data/staged.csv');
      const { commit } = await snapshot(repository);
      expect(listing(repository, commit).filter((line) => line.includes('data/'))).toEqual([
        '100644 data/kept.csv',
        '100644 data/staged.csv',
      ]);
    });

    slow('L5: holds edits that git is told not to see, and leaves the marks', async () => {
      const repository = create();
      repository.git('update-index', '--skip-worktree', 'README.md');
      repository.git('update-index', '--assume-unchanged', 'old.txt', 'src/train.py');
      expect((await snapshot(repository)).snapshot).toBe(false);
      repository.write({ 'README.md': 'hidden\n', 'old.txt': 'hidden, too\n' });
      unlinkSync(join(repository.root, 'src/train.py'));
      const before = looks(repository);
      const project = await openProject(repository.root);
      const pin = await pinSnapshot(project, executor(), 'refuse');
      expect(looks(repository)).toEqual(before);
      expect(repository.git('show', `${pin.commit}:README.md`)).toBe('hidden');
      expect(repository.git('show', `${pin.commit}:old.txt`)).toBe('hidden, too');
      expect(listing(repository, pin.commit)).not.toContain('100644 src/train.py');
      repository.write({ 'README.md': 'A project.\n', 'old.txt': 'old\n', 'src/train.py': 'print(1)\n' });
      const clean = await pinSnapshot(project, executor(), 'refuse');
      expect(clean.snapshot).toBe(false);
      repository.write({ 'README.md': 'while the job ran\n' });
      expect((await pinSnapshot(project, executor(), 'refuse', clean)).snapshot).toBe(true);
    });

    it('forgets files that have become ignored since the last one', async () => {
      const repository = create();
      repository.write({ 'notes.tmp': 'x' });
      expect(listing(repository, (await snapshot(repository)).commit)).toContain('100644 notes.tmp');
      repository.write({ '.gitignore': '*.tmp\n' });
      expect(listing(repository, (await snapshot(repository)).commit)).not.toContain('100644 notes.tmp');
    });

    it('keeps modes where the file system has none', async () => {
      const repository = create();
      repository.write({ 'run.sh': 'echo\n' }, 0o755);
      repository.commit('A script');
      repository.git('config', 'core.fileMode', 'false');
      repository.write({ 'run.sh': 'echo more\n' }, 0o644);
      expect(listing(repository, (await snapshot(repository)).commit)).toContain('100755 run.sh');
    });

    slow('writes nothing in a dry run, and says the same commit', async () => {
      const repository = create();
      repository.write({ 'new.txt': 'new\n', 'README.md': 'Changed.\n' });
      const before = { ...looks(repository), objects: objects(repository) };
      const git = readdirSync(join(repository.root, '.git')).sort();
      const dry = await pinSnapshot(await openProject(repository.root), executor(true), 'refuse');
      const printed = [...lines];
      // A dry run's objects stay readable for its process, which in life does nothing else.
      rmSync(process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES ?? '', { recursive: true });
      delete process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES;
      expect({ ...looks(repository), objects: objects(repository) }).toEqual(before);
      expect(readdirSync(join(repository.root, '.git')).sort()).toEqual(git);
      expect(repository.git('for-each-ref', 'refs/logistician')).toBe('');
      expect(dry).toEqual(await snapshot(repository));
      const known = (line: string) => line.replaceAll(/logistician-[0-9a-f]+\.index/g, 'INDEX');
      expect(printed.map(known)).toEqual(lines.map(known));
    });

    slow('refuses untracked files over 50 MB, or leaves them out, also those that grew', async () => {
      const repository = create();
      repository.write({ 'model.bin': 'small\n', 'new.txt': 'new\n' });
      symlinkSync('model.bin', join(repository.root, 'link'));
      const small = await snapshot(repository, 'leave out');
      expect(listing(repository, small.commit)).toContain('100644 model.bin');
      truncateSync(join(repository.root, 'model.bin'), 50_000_001);
      await expect(snapshot(repository)).rejects.toThrow(LargeUntrackedFiles);
      await expect(snapshot(repository)).rejects.toThrow('model.bin');
      const pin = await snapshot(repository, 'leave out');
      expect(pin.leftOut).toEqual(['model.bin']);
      expect(listing(repository, pin.commit)).toContain('100644 new.txt');
      expect(listing(repository, pin.commit)).toContain('120000 link');
      expect(listing(repository, pin.commit)).not.toContain('100644 model.bin');
    });

    slow('L10: takes 50 MB of untracked files in all, and leaves out what is largest', async () => {
      const repository = create({ 'tracked/a.txt': 'a\n' });
      const large = ['out/1.bin', 'out/deep/2.bin', 'tracked/3.bin', 'odd\t[x]/4.bin'];
      repository.write(Object.fromEntries([...large, 'new.py'].map((name) => [name, ''])));
      for (const name of large) truncateSync(join(repository.root, name), 20_000_000);
      const pin = await snapshot(repository, 'leave out');
      expect(pin.leftOut).toEqual(['out/']);
      expect(listing(repository, pin.commit)).toContain('100644 new.py');
      expect(listing(repository, pin.commit).join()).not.toContain('out/');
      truncateSync(join(repository.root, 'odd\t[x]/4.bin'), 45_000_000);
      expect((await snapshot(repository, 'leave out')).leftOut).toEqual(['odd\t[x]/', 'out/']);
      // The line that is proposed helps.
      const refusal = await snapshot(repository).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(LargeUntrackedFiles);
      execFileSync('sh', ['-c', String((refusal as LargeUntrackedFiles).suggestions[0])]);
      expect((await snapshot(repository)).leftOut).toEqual([]);
      expect(repository.git('status', '--porcelain').split('\n')).toEqual([
        ' M .gitignore',
        '?? new.py',
        '?? tracked/3.bin',
      ]);
    });

    slow('holds tracked files of any size', async () => {
      const repository = create();
      truncateSync(join(repository.root, 'old.txt'), 50_000_001);
      expect((await snapshot(repository)).leftOut).toEqual([]);
    });

    it('is made from a detached HEAD like from any other', async () => {
      const repository = create();
      repository.git('checkout', '--quiet', '--detach');
      repository.write({ 'new.txt': 'new\n' });
      const before = looks(repository);
      const project = await openProject(repository.root);
      expect(project.branch).toBeNull();
      expect((await pinSnapshot(project, executor(), 'refuse')).snapshot).toBe(true);
      expect(looks(repository)).toEqual(before);
    });

    slow('is made by several at once', async () => {
      const repository = create(
        Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`many/${n}`, `${n}\n`])),
      );
      repository.write({ 'new.txt': 'new\n' });
      const pins = await Promise.all([1, 2, 3, 4, 5].map(() => snapshot(repository)));
      expect(new Set(pins.map((pin) => pin.commit)).size).toBe(1);
      repository.git('fsck', '--strict');
    });

    it('is made from a linked worktree, of its files', async () => {
      const repository = create();
      const linked = new Repository(join(repository.root, '..', 'linked'));
      repository.git('worktree', 'add', '--quiet', '-b', 'other', linked.root);
      linked.write({ 'there.txt': 'x' });
      repository.write({ 'here.txt': 'x' });
      const before = looks(repository);
      const pin = await snapshot(linked);
      expect(listing(linked, pin.commit)).toContain('100644 there.txt');
      expect(listing(linked, pin.commit)).not.toContain('100644 here.txt');
      expect(looks(repository)).toEqual(before);
      expect(linked.git('status', '--porcelain')).toBe('?? there.txt');
    });

    it('holds the whole project when asked for in a folder of it', async () => {
      const repository = create();
      repository.write({ 'new.txt': 'new\n', 'exp/more.txt': 'x' });
      const inside = await pinSnapshot(await openProject(join(repository.root, 'exp')), executor(), 'refuse');
      expect(inside).toEqual(await snapshot(repository));
      expect(listing(repository, inside.commit)).toEqual(
        expect.arrayContaining(['100644 new.txt', '100644 exp/more.txt']),
      );
    });

    it('leaves no temporary files', async () => {
      const repository = create();
      repository.write({ 'new.txt': 'new\n' });
      const own = () => readdirSync(join(repository.root, '.git')).sort();
      const before = own();
      await snapshot(repository);
      expect(own()).toEqual(before);
    });
  });

  describe('the id of the source', () => {
    slow('depends on every file but parameters.json', async () => {
      const repository = create();
      const id = async () =>
        sourceId(await openProject(repository.root), repository.head, 'exp/parameters.json');
      const first = await id();
      repository.write({ 'exp/parameters.json': '{"experiment_conditions":[]}' });
      repository.commit('Configuration');
      expect(await id()).toBe(first);
      repository.git('rm', '--quiet', '--cached', 'exp/parameters.json');
      repository.git('commit', '--quiet', '--message', 'Without');
      expect(await id()).toBe(first);

      const ids = new Set([first]);
      repository.write({ 'src/exp/parameters.json': '{}' });
      repository.commit('Another of that name');
      ids.add(await id());
      repository.write({ 'src/train.py': 'print(2)\n' });
      repository.commit('Content');
      ids.add(await id());
      repository.git('update-index', '--chmod=+x', 'src/train.py');
      repository.git('commit', '--quiet', '--message', 'Mode');
      ids.add(await id());
      repository.git('mv', 'old.txt', 'renamed.txt');
      repository.commit('Name');
      ids.add(await id());
      expect(ids.size).toBe(5);
    });
  });

  describe('a folder', () => {
    it('that is in no repository, or in one without commits, says so', async () => {
      const folder = scratchFolder();
      repositories.push(new Repository(join(folder, 'project')));
      await expect(openProject(folder)).rejects.toThrow(NoRepository);
      new Repository(folder).git('init', '--quiet');
      await expect(openProject(folder)).rejects.toThrow(NoCommits);
    });
  });
});
