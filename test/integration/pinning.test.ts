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
import { checkoutOf, refuseMissingFiles } from '../../src/source/checkout.js';
import { sourceId } from '../../src/source/listing.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../../src/source/pin.js';
import { openProject } from '../../src/source/project.js';
import { LargeUntrackedFile, pinSnapshot } from '../../src/source/snapshot.js';
import { checkOut } from '../../src/tools/git/lines.js';
import { isMissing } from '../support/engines.js';
import { Repository, scratchFolder } from '../support/repository.js';

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

    it('that have changes has them as they are, at any depth', async () => {
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
      expect(middle.git('for-each-ref', '--format=%(objectname)', 'refs/logistician')).toBe(ofMiddle);
      expect(inner.git('for-each-ref', '--format=%(objectname)', 'refs/logistician')).toBe(ofInner);

      rmSync(join(middle.root, 'ignored.log'));
      await expectSame(outer, pin.commit);
      expect(await snapshot(outer)).toEqual(pin);
      inner.write({ 'new.txt': 'newer\n' });
      expect((await snapshot(outer)).commit).not.toBe(pin.commit);
      await expect(pinHead(await openProject(outer.root), '')).rejects.toThrow(DirtyTree);
    });

    it('that are ahead, or of which the user has told git to look away, has them all the same', async () => {
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
    });

    it('that are not checked out stay empty, and as they are recorded', async () => {
      const { outer } = nested();
      const recorded = outer.git('rev-parse', 'HEAD:libs/middle');
      outer.git('submodule', '--quiet', 'deinit', '--all', '--force');
      outer.write({ 'new.txt': 'new\n' });
      const { commit } = await snapshot(outer);
      expect(outer.git('rev-parse', `${commit}:libs/middle`)).toBe(recorded);
      await expectSame(outer, commit);
    });

    it('that lack the commit says how to bring it', async () => {
      const { outer, middle } = nested();
      outer.git('update-index', '--cacheinfo', `160000,${'1'.repeat(40)},libs/middle`);
      outer.git('commit', '--quiet', '--message', 'A commit that nobody has');
      const { commit } = await pinCommit(await openProject(outer.root), 'HEAD');
      await expect(checkoutOf(outer, commit)).rejects.toMatchObject({
        message: expect.stringContaining('libs/middle does not have the commit 1111111111'),
        suggestions: expect.arrayContaining([`git -C ${middle.root} fetch --all`]),
      });
    });

    it('that are none, but repositories inside the project, has their files', async () => {
      const outer = create();
      mkdirSync(join(outer.root, 'vendor'));
      const inner = Repository.create({ 'b.txt': 'b\n' }, join(outer.root, 'vendor', 'its'));
      inner.write({ 'new.txt': 'new\n' });
      await expectSame(outer, (await snapshot(outer)).commit);
    });

    it('with files over 50 MB leaves them out, or refuses', async () => {
      const { outer, middle } = nested();
      middle.write({ 'big.bin': '' });
      truncateSync(join(middle.root, 'big.bin'), 50_000_001);
      await expect(snapshot(outer)).rejects.toThrow(LargeUntrackedFile);
      const pin = await snapshot(outer, { large: 'leave out' });
      expect(pin.leftOut).toEqual(['libs/middle/big.bin']);
      rmSync(join(middle.root, 'big.bin'));
      await expectSame(outer, pin.commit);
    });

    it('in a dry run has the same ids, and writes nothing', async () => {
      const { outer, middle, inner } = nested();
      inner.write({ 'new.txt': 'new\n' });
      const all = [outer, middle, inner];
      const objects = () => all.map((one) => one.git('count-objects', '-v'));
      const before = objects();
      const dry = await snapshot(outer, { dryRun: true });
      const printed = lines.filter((line) => /update-index|update-ref/.test(line));
      expect((await checkoutOf(outer, dry.commit)).submodules).toHaveLength(2);
      forgetDryRun();
      expect(objects()).toEqual(before);
      expect(dry).toEqual(await snapshot(outer));
      expect(printed).toHaveLength(5);
      const known = (line: string) => line.replaceAll(/logistician\.index\.[0-9.]+/g, 'logistician.index');
      expect(printed.map(known)).toEqual(
        lines.filter((line) => /update-index|update-ref/.test(line)).map(known),
      );
    });

    it('is made from a linked worktree', async () => {
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

    it('that are hostile is left out where the file is too large, and no other file with it', async () => {
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

    it('follows .gitattributes of the commit', async () => {
      const repository = create({ '.gitattributes': '*.bat eol=crlf\n*.txt text\n*.dat -text\n' });
      repository.write({ 'a.bat': text, 'dos.txt': text, 'a.dat': text });
      const job = await checkedOut(repository, (await snapshot(repository)).commit);
      expect(readFileSync(join(job, 'a.bat'), 'utf8')).toBe(text);
      expect(readFileSync(join(job, 'a.dat'), 'utf8')).toBe(text);
      expect(readFileSync(join(job, 'dos.txt'), 'utf8')).toBe('one\ntwo\n');
    });

    it('has what git makes of core.autocrlf', async () => {
      const repository = create();
      repository.git('config', 'core.autocrlf', 'true');
      repository.write({ 'dos.txt': text });
      const { commit } = await snapshot(repository);
      const job = await checkedOut(repository, commit);
      expect(readFileSync(join(job, 'dos.txt'), 'utf8')).toBe('one\ntwo\n');
    });
  });

  describe('of a project', () => {
    it('with a sparse checkout has all files, and those that are new outside of it', async () => {
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

    it('that is a shallow clone', async () => {
      const origin = create();
      origin.commit('Second');
      const shallow = new Repository(join(scratch(), 'shallow'));
      origin.git('clone', '--quiet', '--depth', '1', `file://${origin.root}`, shallow.root);
      await expectSame(shallow, shallow.head);
      shallow.write({ 'new.txt': 'new\n' });
      await expectSame(shallow, (await snapshot(shallow)).commit);
    });

    it('that borrows its objects from another clone', async () => {
      const origin = create();
      const shared = new Repository(join(scratch(), 'shared'));
      origin.git('clone', '--quiet', '--shared', origin.root, shared.root);
      shared.write({ 'new.txt': 'new\n' });
      const { commit } = await snapshot(shared);
      const job = await expectSame(shared, commit);
      origin.remove();
      expect(new Repository(job).git('fsck', '--full')).toBe('');
    });

    it('that is a linked worktree, without a branch', async () => {
      const repository = create();
      const linked = new Repository(join(scratch(), 'linked'));
      repository.git('worktree', 'add', '--quiet', '--detach', linked.root);
      await expectSame(linked, linked.head);
      linked.write({ 'new.txt': 'new\n' });
      await expectSame(linked, (await snapshot(linked)).commit);
    });

    it('whose git directory is elsewhere, and whose index is split', async () => {
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

    it('whose hashes are of the newer kind', async () => {
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

    it('has their contents, also of one that has changed', async () => {
      const repository = withLfs();
      await expectSame(repository, repository.head);
      repository.write({ 'model.bin': `changed ${content}`, 'new.bin': `new ${content}` });
      const { commit } = await snapshot(repository);
      expect(repository.git('show', `${commit}:new.bin`)).toContain('git-lfs.github.com/spec');
      await expectSame(repository, commit);
    });

    it('is refused before it is made where one of them is not here', async () => {
      const repository = withLfs();
      await refuseMissingFiles(await checkoutOf(repository, repository.head));
      repository.write({ 'more/second.bin': `second ${content}` });
      const { commit } = await snapshot(repository);
      await refuseMissingFiles(await checkoutOf(repository, commit));
      rmSync(join(repository.root, '.git', 'lfs', 'objects'), { recursive: true });
      const refusal = {
        message: expect.stringMatching(
          /git LFS in the commit .* not here.*\n {2}model\.bin\n {2}more\/second/s,
        ),
        suggestions: [`git -C ${repository.root} lfs pull`, `git -C ${repository.root} lfs fetch --all`],
      };
      await expect(refuseMissingFiles(await checkoutOf(repository, commit))).rejects.toMatchObject(refusal);
      // As in a clone that was made without git LFS.
      rmSync(join(repository.root, '.git', 'lfs'), { recursive: true });
      await expect(refuseMissingFiles(await checkoutOf(repository, commit))).rejects.toMatchObject(refusal);
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

    it('has them from a linked worktree', async () => {
      const repository = withLfs();
      const linked = new Repository(join(scratch(), 'linked'));
      repository.git('worktree', 'add', '--quiet', '--detach', linked.root);
      expect(readFileSync(join(linked.root, 'model.bin'), 'utf8')).toBe(content);
      linked.write({ 'new.bin': `new ${content}` });
      await expectSame(linked, (await snapshot(linked)).commit);
    });

    it.each(['elsewhere', '/'])('has them from where lfs.storage says (%s)', async (kind) => {
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

    it('has those of a submodule', async () => {
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
