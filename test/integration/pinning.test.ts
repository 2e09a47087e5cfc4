import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { renderCommand } from '../../src/shell/command.js';
import { Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { checkoutOf, submodulesAt } from '../../src/source/checkout.js';
import { gitMounts, isFree } from '../../src/source/git-mounts.js';
import { keepPin } from '../../src/source/keep.js';
import { refuseMissingFiles } from '../../src/source/missing-files.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../../src/source/pin.js';
import { openProject } from '../../src/source/project.js';
import { pinSnapshot } from '../../src/source/snapshot.js';
import { sourceId } from '../../src/source/source-id.js';
import { LargeUntrackedFiles } from '../../src/source/survey-tree.js';
import { checkOut } from '../../src/tools/git/check-out.js';
import { isMissing, variants } from '../support/engines.js';
import { proposed, type Refusal } from '../support/remedy.js';
import { Repository, scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';

/** Every file below a folder, its name in latin1 as any bytes have one, with mode and contents. */
function bytesOf(folder: Buffer, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { encoding: 'buffer' })) {
    if (name.toString() === '.git') continue;
    const path = Buffer.concat([folder, Buffer.from('/'), name]);
    const shown = prefix + name.toString('latin1');
    const kind = lstatSync(path);
    if (kind.isSymbolicLink()) found[shown] = `-> ${readlinkSync(path, 'latin1')}`;
    else if (kind.isDirectory()) Object.assign(found, bytesOf(path, `${shown}/`));
    else found[shown] = `${kind.mode & 0o100 ? 'x' : '-'} ${readFileSync(path).toString('latin1')}`;
  }
  return found;
}

const filesOf = (path: string) => bytesOf(Buffer.from(path));

describe.skipIf(isMissing('git'))('a checkout for a job', () => {
  const scratches: string[] = [];
  const lines: string[] = [];
  const alternates = process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES;

  afterEach(() => {
    for (const folder of scratches.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  const scratch = () => {
    const folder = scratchFolder();
    scratches.push(folder);
    return folder;
  };

  /** As when the process of the dry run has ended. */
  const forgetDryRun = () => {
    for (const folder of (process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES ?? '').split(':')) {
      if (folder !== alternates) rmSync(folder, { recursive: true, force: true });
    }
    delete process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES;
  };

  const create = (files: Readonly<Record<string, string>> = { 'a.txt': 'a\n' }, name = 'project') =>
    Repository.create(files, join(scratch(), name));

  const snapshot = async (
    { root }: Repository,
    { dryRun = false, large = 'refuse' }: { dryRun?: boolean; large?: 'refuse' | 'leave out' } = {},
  ): Promise<Pin> => {
    lines.length = 0;
    const executor = new Executor(new Journal((line) => lines.push(line)), dryRun);
    return pinSnapshot(await openProject(root), executor, large);
  };

  /** What a job finds, by the lines that its runner is given. */
  const checkedOut = async ({ root }: Repository, commit: string, env: NodeJS.ProcessEnv = {}) => {
    const into = join(scratch(), "a job's source");
    const commands = checkOut(await checkoutOf({ root }, commit), into).map(renderCommand);
    const environment = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', ...env };
    execFileSync('sh', ['-c', commands.join(' &&\n')], { env: environment, stdio: 'pipe' });
    return into;
  };

  const expectSame = async (repository: Repository, commit: string) => {
    const job = await checkedOut(repository, commit);
    expect(filesOf(job)).toEqual(filesOf(repository.root));
    expect(existsSync(join(job, '.git', 'objects', 'info', 'alternates'))).toBe(false);
    return job;
  };

  /** Adds a repository as a submodule of another. */
  const addSubmodule = (outer: Repository, path: string, inner: Repository): Repository => {
    outer.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, path);
    outer.commit(`With ${path}`);
    return new Repository(join(outer.root, path));
  };

  slow(
    'L28: says of its commit what the project says, by the tags of its history and no others',
    async () => {
      const project = create();
      const describes = (repository: Repository) =>
        [
          ['describe', '--tags', '--always', '--dirty'],
          ['describe', '--tags', '--always', '--long', '--match', 'v*'],
          ['rev-list', '--count', 'HEAD'],
        ].map((words) => repository.git(...words));
      const job = async (commit: string) => new Repository(await checkedOut(project, commit));
      // Without tags it is the name alone, as long as it is there.
      project.git('config', 'core.abbrev', '12');
      expect((await job(project.head)).git('describe', '--tags', '--always')).toHaveLength(7);
      project.git('config', '--unset', 'core.abbrev');

      project.git('tag', '--annotate', '--message', "It's v1", 'v1');
      const first = project.head;
      project.write({ 'b/b.txt': 'b\n' });
      project.commit('Second');
      project.git('tag', "odd'$(x)");
      project.git('checkout', '--quiet', '-b', 'side', first);
      project.write({ 'c.txt': 'c\n' });
      project.commit('Side');
      project.git('tag', 'side-tag');
      project.git('tag', 'of-a-tree', 'HEAD^{tree}');
      project.git('checkout', '--quiet', 'main');
      project.git('tag', 'nested', 'v1', '--annotate', '--message', 'Nested');
      project.git('merge', '--quiet', '--no-edit', 'side');
      project.write({ 'd.txt': 'd\n' });
      project.commit('After');
      project.git('branch', 'private');
      const commit = project.head;
      project.write({ 'e.txt': 'e\n' });
      project.commit('Later');
      project.git('tag', 'later');
      project.git('checkout', '--quiet', '--detach', commit);

      const deployed = await job(commit);
      expect(describes(deployed)).toEqual(describes(project));
      expect(deployed.git('describe')).toBe(project.git('describe'));
      expect(deployed.git('for-each-ref', '--format=%(refname)').split('\n')).toEqual(
        ['nested', "odd'$(x)", 'side-tag', 'v1'].map((name) => `refs/tags/${name}`),
      );
      // It is a repository like any other: nothing is missing that git does not know of.
      deployed.write({ 'd.txt': 'changed\n' });
      expect(deployed.git('describe', '--tags', '--dirty')).toMatch(/-dirty$/);
      deployed.commit('In the job');
      deployed.git('gc', '--quiet');
      expect(deployed.git('diff', '--stat', 'HEAD~1')).toContain('d.txt');

      // A clone that lacks the history has no more to bring.
      const shallow = new Repository(join(scratch(), 'shallow'));
      project.git('clone', '--quiet', '--depth=2', `file://${project.root}`, shallow.root);
      shallow.git('tag', 'v2', 'HEAD~1');
      const ofShallow = new Repository(await checkedOut(shallow, shallow.head));
      expect(describes(ofShallow)).toEqual(describes(shallow));
    },
  );

  describe('of submodules', () => {
    /** A project with a submodule in which there is another. */
    const nested = () => {
      const outer = create({ 'outer.txt': 'outer\n' });
      const middle = create({ 'middle.txt': 'middle\n', '.gitignore': '*.log\n' });
      addSubmodule(middle, 'in er', create({ 'inner.txt': 'inner\n' }));
      const lib = addSubmodule(outer, 'libs/middle', middle);
      lib.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init', '--recursive');
      return { outer, middle: lib, inner: new Repository(join(lib.root, 'in er')) };
    };

    it('that are clean has their files, and the project needs no snapshot', async () => {
      const { outer } = nested();
      const pin = await snapshot(outer);
      expect(pin).toMatchObject({ commit: outer.head, snapshot: false });
      expect(lines.filter((line) => line.includes('update-index'))).toEqual([]);
      await expectSame(outer, pin.commit);
      await expectSame(outer, (await pinHead(await openProject(outer.root), '')).commit);
    });

    slow('that have changes has them as they are, at any depth', async () => {
      const { outer, middle, inner } = nested();
      inner.write({ 'inner.txt': 'changed\n', 'new.txt': 'new\n' });
      middle.write({ 'ignored.log': 'x' });
      const before = [outer, middle, inner].map(({ head }) => head);
      const pin = await snapshot(outer);
      expect(pin.snapshot).toBe(true);
      expect([outer, middle, inner].map(({ head }) => head)).toEqual(before);
      expect(inner.git('status', '--porcelain')).toBe(' M inner.txt\n?? new.txt');
      expect(outer.git('diff', '--cached', '--name-only')).toBe('');

      const ofMiddle = outer.git('rev-parse', `${pin.commit}:libs/middle`);
      const ofInner = middle.git('rev-parse', `${ofMiddle}:in er`);
      await keepPin(await openProject(outer.root), new Executor(new Journal(() => {})), pin);
      const keptIn = (one: Repository) =>
        one.git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/logistician/*');
      expect([outer, middle, inner].map(keptIn)).toEqual([pin.commit, ofMiddle, ofInner]);

      rmSync(join(middle.root, 'ignored.log'));
      await expectSame(outer, pin.commit);
      expect(await snapshot(outer)).toEqual(pin);
      inner.write({ 'new.txt': 'newer\n' });
      expect((await snapshot(outer)).commit).not.toBe(pin.commit);
      await expect(pinHead(await openProject(outer.root), '')).rejects.toThrow(DirtyTree);
    });

    slow(
      'that are ahead, or of which the user has told git to look away, has them all the same',
      async () => {
        const { outer, middle } = nested();
        middle.write({ 'middle.txt': 'ahead\n' });
        middle.git(
          '-c',
          'user.name=x',
          '-c',
          'user.email=x',
          'commit',
          '--quiet',
          '--all',
          '--message',
          'Ahead',
        );
        outer.git('config', 'submodule.libs/middle.ignore', 'all');
        await expect(pinHead(await openProject(outer.root), '')).rejects.toThrow(DirtyTree);
        const pin = await snapshot(outer);
        expect(outer.git('rev-parse', `${pin.commit}:libs/middle`)).toBe(middle.head);
        await expectSame(outer, pin.commit);
        middle.write({ 'new.txt': 'dirty, too\n' });
        await expect(pinHead(await openProject(outer.root), '')).rejects.toThrow(DirtyTree);
        await expectSame(outer, (await snapshot(outer)).commit);
      },
    );

    it('that are not checked out stay empty, and as they are recorded', async () => {
      const { outer } = nested();
      const recorded = outer.git('rev-parse', 'HEAD:libs/middle');
      outer.git('submodule', '--quiet', 'deinit', '--all', '--force');
      outer.write({ 'new.txt': 'new\n' });
      const { commit } = await snapshot(outer);
      expect(outer.git('rev-parse', `${commit}:libs/middle`)).toBe(recorded);
      await expectSame(outer, commit);
    });

    slow('L11: that are not checked out are told, and the source is another one with them', async () => {
      const { outer, middle } = nested();
      const project = await openProject(outer.root);
      const { commit } = await pinHead(project, '');
      const ids = async () => [
        await sourceId(project, commit, ''),
        await sourceId(project, commit, '', 'libs'),
      ];
      const [all, libs] = await ids();
      const elsewhere = await sourceId(project, commit, '', 'else');
      middle.git('submodule', '--quiet', 'deinit', '--all', '--force');
      expect((await submodulesAt(project, commit)).absent).toEqual(['libs/middle/in er']);
      outer.git('submodule', '--quiet', 'deinit', '--all', '--force');
      expect((await submodulesAt(project, commit)).absent).toEqual(['libs/middle']);
      const [without, libsWithout] = await ids();
      expect(without).not.toBe(all);
      expect(libsWithout).not.toBe(libs);
      expect(await sourceId(project, commit, '', 'else')).toBe(elsewhere);
      const line = ['submodule', '--quiet', 'update', '--init', '--recursive'];
      outer.git('-c', 'protocol.file.allow=always', ...line);
      expect(await ids()).toEqual([all, libs]);
    });

    slow('that lack the commit says how to bring it', async () => {
      const { outer, middle } = nested();
      outer.git('update-index', '--cacheinfo', `160000,${'1'.repeat(40)},libs/middle`);
      outer.git('commit', '--quiet', '--message', 'A commit that no clone has');
      const { commit } = await pinCommit(await openProject(outer.root), 'HEAD');
      await expect(checkoutOf(outer, commit)).rejects.toMatchObject({
        message: expect.stringContaining('libs/middle does not have the commit 1111111111'),
        suggestions: expect.arrayContaining([`git -C ${middle.root} fetch --all`]),
      });
    });

    slow('that are none, but repositories inside the project, has their files', async () => {
      const outer = create();
      mkdirSync(join(outer.root, 'vendor'));
      const inner = Repository.create({ 'b.txt': 'b\n' }, join(outer.root, 'vendor', 'its'));
      inner.write({ 'new.txt': 'new\n' });
      await expectSame(outer, (await snapshot(outer)).commit);
    });

    slow('with files over 50 MB leaves them out, or refuses', async () => {
      const { outer, middle } = nested();
      middle.write({ 'big.bin': '' });
      truncateSync(join(middle.root, 'big.bin'), 50_000_001);
      await expect(snapshot(outer)).rejects.toThrow(LargeUntrackedFiles);
      const pin = await snapshot(outer, { large: 'leave out' });
      expect(pin.leftOut).toEqual(['libs/middle/big.bin']);
      rmSync(join(middle.root, 'big.bin'));
      await expectSame(outer, pin.commit);
    });

    slow('in a dry run has the same ids, and writes nothing', async () => {
      const { outer, middle, inner } = nested();
      inner.write({ 'new.txt': 'new\n' });
      const all = [outer, middle, inner];
      const objects = () => all.map((one) => one.git('count-objects', '-v'));
      const before = objects();
      const dry = await snapshot(outer, { dryRun: true });
      const printed = lines.filter((line) => /update-index/.test(line));
      expect((await checkoutOf(outer, dry.commit)).submodules).toHaveLength(2);
      forgetDryRun();
      expect(objects()).toEqual(before);
      expect(dry).toEqual(await snapshot(outer));
      expect(printed).toHaveLength(2);
      const known = (line: string) => line.replaceAll(/logistician\.index\.[0-9.]+/g, 'logistician.index');
      expect(printed.map(known)).toEqual(lines.filter((line) => /update-index/.test(line)).map(known));
    });

    slow('is made from a linked worktree', async () => {
      const { outer } = nested();
      const linked = new Repository(join(scratch(), 'linked'));
      outer.git('worktree', 'add', '--quiet', '--detach', linked.root);
      linked.git(
        '-c',
        'protocol.file.allow=always',
        'submodule',
        '--quiet',
        'update',
        '--init',
        '--recursive',
      );
      linked.write({ 'libs/middle/in er/new.txt': 'new\n' });
      await expectSame(linked, (await snapshot(linked)).commit);
    });
  });

  describe('of names', () => {
    const hostile: readonly (string | Buffer)[] = [
      'line\nbreak',
      'tab\tbed',
      '"quoted"',
      "it's",
      '-leading',
      '--all',
      'trailing ',
      ' leading space',
      ':(top)x',
      ':!x',
      '*',
      '[a]',
      'back\\slash\\303',
      '$HOME `x`',
      '#x',
      '!x',
      'ünïcödé 🚂',
      '\u0001\u001b[31m\u007f\r',
      '160000 1111111111111111111111111111111111111111 0\tx',
      Buffer.from([0xff, 0xfe, 0x22, 0x5c]),
      Buffer.from('caf\xe9', 'latin1'),
    ];

    const pathOf = (root: string, name: string | Buffer) =>
      Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);

    it('of any bytes, links and programs is the working tree, byte for byte', async () => {
      const repository = create();
      for (const [place, name] of hostile.entries()) {
        writeFileSync(pathOf(repository.root, name), `${place}\0\xff\r\n`, 'latin1');
        if (place % 2) chmodSync(pathOf(repository.root, name), 0o755);
        mkdirSync(pathOf(join(repository.root, 'committed'), name), { recursive: true });
        writeFileSync(
          Buffer.concat([pathOf(join(repository.root, 'committed'), name), Buffer.from('/x')]),
          `${place}`,
        );
      }
      symlinkSync('committed', join(repository.root, 'to a folder'));
      symlinkSync('/nowhere/at all\n', join(repository.root, 'dangling\n'));
      symlinkSync(Buffer.from('caf\xe9', 'latin1'), join(repository.root, 'to bytes'));
      const { commit } = await snapshot(repository);
      await expectSame(repository, commit);
      repository.commit('All');
      await expectSame(repository, (await pinHead(await openProject(repository.root), '')).commit);
    });

    slow('that are hostile is left out where the file is too large, and no other file with it', async () => {
      const repository = create();
      for (const name of hostile) writeFileSync(pathOf(repository.root, name), '');
      for (const name of hostile) truncateSync(pathOf(repository.root, name), 50_000_001);
      writeFileSync(pathOf(repository.root, Buffer.from('caf\xe8', 'latin1')), 'small');
      writeFileSync(join(repository.root, 'x'), 'small');
      const pin = await snapshot(repository, { large: 'leave out' });
      expect([...pin.leftOut].sort()).toEqual(hostile.map((name) => name.toString()).sort());
      for (const name of hostile) rmSync(pathOf(repository.root, name));
      await expectSame(repository, pin.commit);
    });

    it('that differ in bytes alone gives another id of the source', async () => {
      const ids = await Promise.all(
        ['caf\xe9', 'caf\xe8', 'caf\xe9'].map(async (name) => {
          const repository = create();
          writeFileSync(pathOf(repository.root, Buffer.from(name, 'latin1')), 'x');
          return sourceId(await openProject(repository.root), repository.commit('A name'), '');
        }),
      );
      expect(new Set(ids).size).toBe(2);
      expect(ids[0]).toBe(ids[2]);
    });

    it('of a parameters.json in a folder with such a name does not count it', async () => {
      const repository = create({ 'é\t"x"/parameters.json': '{}' });
      const id = async () =>
        sourceId(await openProject(repository.root), repository.head, 'é\t"x"/parameters.json');
      const first = await id();
      repository.write({ 'é\t"x"/parameters.json': '{"a":1}' });
      repository.commit('Configuration');
      expect(await id()).toBe(first);
    });

    it.each([' ', "a b'c", '-dash', '"', 'é ', '$x'])('of a project in a folder called %j', async (name) => {
      const repository = create({ 'a.txt': 'a\n' }, name);
      repository.write({ 'new.txt': 'new\n' });
      await expectSame(repository, (await snapshot(repository)).commit);
    });
  });

  describe('of line ends', () => {
    const text = 'one\r\ntwo\r\n';

    it('keeps them where git is told nothing', async () => {
      const repository = create();
      repository.write({ 'dos.txt': text, 'unix.txt': 'one\n', 'mixed.txt': 'one\r\ntwo\n' });
      await expectSame(repository, (await snapshot(repository)).commit);
    });

    slow('follows .gitattributes of the commit', async () => {
      const repository = create({ '.gitattributes': '*.bat eol=crlf\n*.txt text\n*.dat -text\n' });
      repository.write({ 'a.bat': text, 'dos.txt': text, 'a.dat': text });
      const job = await checkedOut(repository, (await snapshot(repository)).commit);
      expect(readFileSync(join(job, 'a.bat'), 'utf8')).toBe(text);
      expect(readFileSync(join(job, 'a.dat'), 'utf8')).toBe(text);
      expect(readFileSync(join(job, 'dos.txt'), 'utf8')).toBe('one\ntwo\n');
    });

    slow('has what git makes of core.autocrlf', async () => {
      const repository = create();
      repository.git('config', 'core.autocrlf', 'true');
      repository.write({ 'dos.txt': text });
      const { commit } = await snapshot(repository);
      const job = await checkedOut(repository, commit);
      expect(readFileSync(join(job, 'dos.txt'), 'utf8')).toBe('one\ntwo\n');
    });
  });

  describe('of a project', () => {
    slow('with a sparse checkout has all files, and those that are new outside of it', async () => {
      const repository = create({
        'a.txt': 'a\n',
        'in/b.txt': 'b\n',
        'out/c.txt': 'c\n',
        'out/d.txt': 'd\n',
      });
      repository.git('sparse-checkout', 'set', 'in');
      expect(existsSync(join(repository.root, 'out'))).toBe(false);
      expect(filesOf(await checkedOut(repository, repository.head))).toHaveProperty(['out/c.txt']);
      repository.write({ 'in/new.txt': 'new\n', 'out/c.txt': 'changed\n', 'out/new.txt': 'new\n' });
      expect(filesOf(await checkedOut(repository, (await snapshot(repository)).commit))).toEqual({
        ...filesOf(repository.root),
        'out/d.txt': '- d\n',
      });
    });

    slow('that is a shallow clone', async () => {
      const origin = create();
      origin.commit('Second');
      const shallow = new Repository(join(scratch(), 'shallow'));
      origin.git('clone', '--quiet', '--depth', '1', `file://${origin.root}`, shallow.root);
      await expectSame(shallow, shallow.head);
      shallow.write({ 'new.txt': 'new\n' });
      await expectSame(shallow, (await snapshot(shallow)).commit);
    });

    it.each(variants('blob:none', 'tree:0'))(
      'L27, L28: that is a partial clone (%s) is refused where files were not fetched, and the line fetches them',
      async (filter) => {
        const origin = create({ 'a.txt': 'one\n', 'lib/b.txt': 'one\n' });
        origin.git('config', 'uploadpack.allowFilter', 'true');
        const first = origin.head;
        origin.git('tag', 'v1');
        origin.write({ 'a.txt': 'two\n', 'lib/b.txt': 'two\n' });
        origin.commit('Second');
        const clone = new Repository(join(scratch(), 'clone'));
        origin.git('clone', '--quiet', `--filter=${filter}`, `file://${origin.root}`, clone.root);
        const project = await openProject(clone.root);
        await expectSame(clone, (await pinCommit(project, 'HEAD')).commit);
        const refusal = await pinCommit(project, first).catch((error: unknown) => error);
        const [line = '', ...others] = proposed('MissingObjects', refusal as Refusal);
        expect(others).toEqual([]);
        execFileSync('sh', ['-c', line], { stdio: 'pipe' });
        const { commit } = await pinCommit(project, first);
        clone.git('checkout', '--quiet', '--detach', first);
        await expectSame(clone, commit);
      },
    );

    slow('that borrows its objects from another clone', async () => {
      const origin = create();
      const shared = new Repository(join(scratch(), 'shared'));
      origin.git('clone', '--quiet', '--shared', origin.root, shared.root);
      shared.write({ 'new.txt': 'new\n' });
      const { commit } = await snapshot(shared);
      const job = await expectSame(shared, commit);
      origin.remove();
      expect(new Repository(job).git('fsck', '--full')).toBe('');
    });

    slow('that is a linked worktree, without a branch', async () => {
      const repository = create();
      const linked = new Repository(join(scratch(), 'linked'));
      repository.git('worktree', 'add', '--quiet', '--detach', linked.root);
      await expectSame(linked, linked.head);
      linked.write({ 'new.txt': 'new\n' });
      await expectSame(linked, (await snapshot(linked)).commit);
    });

    slow('whose git directory is elsewhere, and whose index is split', async () => {
      const folder = scratch();
      const repository = new Repository(join(folder, 'project'));
      mkdirSync(repository.root);
      repository.git('init', '--quiet', '--separate-git-dir', join(folder, 'git directory'));
      repository.write({ 'a.txt': 'a\n' });
      repository.commit('First');
      repository.git('update-index', '--split-index');
      repository.write({ 'a.txt': 'changed\n', 'new.txt': 'new\n' });
      await expectSame(repository, (await snapshot(repository)).commit);
    });

    slow('whose hashes are of the newer kind', async () => {
      const repository = new Repository(join(scratch(), 'project'));
      mkdirSync(repository.root);
      repository.git('init', '--quiet', '--object-format=sha256');
      repository.write({ 'a.txt': 'a\n' });
      repository.commit('First');
      await expectSame(repository, repository.head);
    });
  });

  describe.skipIf(isMissing('lfs'))('of large files', () => {
    const content = `${'large '.repeat(1000)}\n`;

    /** A project without a remote whose *.bin are in git LFS, set up for this clone alone. */
    const withLfs = () => {
      const repository = create();
      repository.git('lfs', 'install', '--local');
      repository.write({
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'model.bin': content,
      });
      repository.commit('A model');
      expect(repository.git('show', 'HEAD:model.bin')).toContain('git-lfs.github.com/spec');
      return repository;
    };

    slow('has their contents, also of one that has changed', async () => {
      const repository = withLfs();
      await expectSame(repository, repository.head);
      repository.write({ 'model.bin': `changed ${content}`, 'new.bin': `new ${content}` });
      const { commit } = await snapshot(repository);
      expect(repository.git('show', `${commit}:new.bin`)).toContain('git-lfs.github.com/spec');
      await expectSame(repository, commit);
    });

    slow('is refused before it is made where one of them is not here', async () => {
      const repository = withLfs();
      await refuseMissingFiles(
        new Executor(new Journal(() => {})),
        await checkoutOf(repository, repository.head),
      );
      repository.write({ 'more/second.bin': `second ${content}` });
      const { commit } = await snapshot(repository);
      await refuseMissingFiles(new Executor(new Journal(() => {})), await checkoutOf(repository, commit));
      rmSync(join(repository.root, '.git', 'lfs', 'objects'), { recursive: true });
      const refusal = {
        message: expect.stringMatching(
          /git LFS in the commit .* not on this computer.*\n {2}model\.bin\n {2}more\/second/s,
        ),
        suggestions: [`git -C ${repository.root} lfs pull`, `git -C ${repository.root} lfs fetch --all`],
      };
      await expect(
        refuseMissingFiles(new Executor(new Journal(() => {})), await checkoutOf(repository, commit)),
      ).rejects.toMatchObject(refusal);
      // As in a clone that was made without git LFS.
      rmSync(join(repository.root, '.git', 'lfs'), { recursive: true });
      await expect(
        refuseMissingFiles(new Executor(new Journal(() => {})), await checkoutOf(repository, commit)),
      ).rejects.toMatchObject(refusal);
    });

    it('has no traces of a dry run', async () => {
      const repository = withLfs();
      const stored = () => readdirSync(join(repository.root, '.git', 'lfs'), { recursive: true }).sort();
      const before = stored();
      repository.write({ 'new.bin': `new ${content}` });
      const dry = await snapshot(repository, { dryRun: true });
      expect(stored()).toEqual(before);
      forgetDryRun();
      expect((await snapshot(repository)).commit).toBe(dry.commit);
      expect(stored()).not.toEqual(before);
    });

    slow('has them from a linked worktree', async () => {
      const repository = withLfs();
      const linked = new Repository(join(scratch(), 'linked'));
      repository.git('worktree', 'add', '--quiet', '--detach', linked.root);
      expect(readFileSync(join(linked.root, 'model.bin'), 'utf8')).toBe(content);
      linked.write({ 'new.bin': `new ${content}` });
      await expectSame(linked, (await snapshot(linked)).commit);
    });

    slow.each(['elsewhere', '/'])('has them from where lfs.storage says (%s)', async (kind) => {
      const repository = create();
      repository.git('config', 'lfs.storage', kind === '/' ? join(scratch(), 'storage') : kind);
      repository.git('lfs', 'install', '--local');
      repository.write({
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'model.bin': content,
      });
      repository.commit('A model');
      expect(existsSync(join(repository.root, '.git', 'lfs', 'objects'))).toBe(false);
      await expectSame(repository, repository.head);
    });

    slow('has those of a submodule', async () => {
      const outer = create();
      const inner = withLfs();
      // As someone has it who uses git LFS everywhere.
      const home = scratch();
      // Not into the repository that the tests are in.
      execFileSync('git', ['lfs', 'install', '--skip-repo'], {
        env: { PATH: process.env.PATH, HOME: home },
        stdio: 'pipe',
      });
      const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'lib'];
      execFileSync('git', ['-C', outer.root, ...add], {
        env: { PATH: process.env.PATH, HOME: home },
        stdio: 'pipe',
      });
      outer.commit('With lib');
      expect(readFileSync(join(outer.root, 'lib', 'model.bin'), 'utf8')).toBe(content);
      await expectSame(outer, outer.head);
    });
  });
});

describe.skipIf(isMissing('git'))('L28: git directories outside of a live tree', () => {
  const scratches: string[] = [];
  afterEach(() => {
    for (const folder of scratches.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  const create = (name = 'project') => {
    const folder = scratchFolder();
    scratches.push(folder);
    return Repository.create({ 'a.txt': 'a\n' }, join(folder, name));
  };
  const allowed = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet'];
  const none = { mounts: [], refused: [] };

  it('are mounted where a linked worktree or a submodule names them, and a repository names it', async () => {
    const project = create();
    expect(await gitMounts(project, [])).toEqual(none);
    const linked = new Repository(join(project.root, '..', 'linked'));
    project.git('worktree', 'add', '--quiet', '--detach', linked.root);
    const common = { source: join(project.root, '.git'), target: join(project.root, '.git') };
    expect(await gitMounts(linked, [])).toEqual({ ...none, mounts: [common] });

    const outer = create('outer');
    outer.git(...allowed, 'add', project.root, 'libs/code');
    const modules = join(outer.root, '.git', 'modules', 'libs', 'code');
    expect(await gitMounts({ root: join(outer.root, 'libs', 'code') }, [])).toEqual({
      ...none,
      mounts: [
        { source: modules, target: '/.git/modules/libs/code' },
        { source: '/dev/null', target: '/.git/modules/libs/code/config' },
      ],
    });
    // In the project that it is a submodule of, nothing is outside.
    expect(await gitMounts(outer, ['libs/code'])).toEqual(none);
  });

  it('of a clone with its git directory elsewhere are mounted once that says so itself', async () => {
    const { root } = create();
    const directory = join(root, '..', 'its.git');
    const project = new Repository(root);
    project.git('init', '--quiet', '--separate-git-dir', directory);
    expect(await gitMounts(project, [])).toEqual({ mounts: [], refused: [directory] });
    project.git('config', 'core.worktree', root);
    expect(project.git('status', '--short')).toBe('');
    expect((await gitMounts(project, [])).mounts[0]).toEqual({ source: directory, target: directory });
  });

  it("are not mounted where a stranger's tree says so, in any form", async () => {
    const own = create('private');
    const linked = new Repository(join(own.root, '..', 'linked'));
    own.git('worktree', 'add', '--quiet', '--detach', linked.root);
    const git = join(own.root, '.git');
    const tree = create('tree').root;
    rmSync(join(tree, '.git'), { recursive: true });
    const refusal = async (says: string) => {
      writeFileSync(join(tree, '.git'), says);
      const { mounts, refused } = await gitMounts({ root: tree }, []);
      expect({ says, mounts, refused: refused.length }).toEqual({ says, mounts: [], refused: 1 });
    };
    for (const directory of [git, join(git, 'worktrees', 'linked'), tree, '/', '/etc', '/nowhere'])
      await refusal(`gitdir: ${directory}\n`);
    await refusal('no gitdir\n');
    await refusal(`gitdir: ${'x'.repeat(10_000)}`);
    // A git directory of its own that borrows the other one's, or is a link to it.
    const theirs = join(tree, '..', 'theirs');
    const worktree = join(theirs, 'worktrees', 'x');
    mkdirSync(worktree, { recursive: true });
    writeFileSync(join(worktree, 'gitdir'), join(tree, '.git'));
    writeFileSync(join(worktree, 'commondir'), git);
    await refusal(`gitdir: ${worktree}`);
    rmSync(theirs, { recursive: true });
    symlinkSync(git, theirs);
    await refusal(`gitdir: ${theirs}`);
    rmSync(join(tree, '.git'));
    symlinkSync(git, join(tree, '.git'));
    expect((await gitMounts({ root: tree }, [])).mounts).toEqual([]);
    // Nor over what is a container's own.
    const mine = create('mine').root;
    rmSync(join(mine, '.git'), { recursive: true });
    const over = create('over');
    over.git('config', 'core.worktree', mine);
    const up = '../'.repeat(20);
    writeFileSync(join(mine, '.git'), `gitdir: ${up}${join(over.root, '.git').slice(1)}`);
    expect((await gitMounts({ root: mine }, [])).mounts).toHaveLength(2);
    expect(isFree('/data/x') || isFree('/') || isFree('/home') || isFree('/project')).toBe(false);
    expect(isFree('/database/x/.git')).toBe(true);
  });
});
