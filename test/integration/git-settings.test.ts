import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { renderCommand } from '../../src/shell/command.js';
import { CommandFailed, Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { checkoutOf } from '../../src/source/checkout.js';
import { FilteredFiles } from '../../src/source/filtered-files.js';
import { keepPin } from '../../src/source/keep.js';
import { UntrustedFilter } from '../../src/source/look.js';
import { refuseMissingFiles } from '../../src/source/missing-files.js';
import { DirtyTree, pinCommit, pinHead, UnknownCommit } from '../../src/source/pin.js';
import { FilesElsewhere, NoRepository, openProject } from '../../src/source/project.js';
import { changeAmongOthers, findKept } from '../../src/source/push.js';
import { pinSnapshot } from '../../src/source/snapshot.js';
import { buildImage } from '../../src/tools/docker/build-line.js';
import { checkOut } from '../../src/tools/git/check-out.js';
import { isContention } from '../../src/tools/git/contention.js';
import { keepCommits } from '../../src/tools/git/kept.js';
import { pushCommit } from '../../src/tools/git/lines.js';
import { isLeftOut, isMissing, variants } from '../support/engines.js';
import { Repository, scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';

/** Sets variables of our own process, which all that it starts inherits. @returns what takes them back */
function setEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

describe.skipIf(isMissing('git'))("our git and others' settings", () => {
  let folder: string;
  let marker: string;
  const restore: (() => void)[] = [];

  beforeEach(() => {
    folder = scratchFolder();
    marker = join(folder, 'executed');
    restore.push(setEnvironment({ GIT_CONFIG_GLOBAL: join(folder, 'gitconfig'), GIT_CONFIG_NOSYSTEM: '1' }));
    writeFileSync(join(folder, 'gitconfig'), '');
  });

  afterEach(() => {
    for (const back of restore.splice(0).reverse()) back();
    rmSync(folder, { recursive: true, force: true });
  });

  const lines: string[] = [];
  const executor = () => {
    lines.length = 0;
    return new Executor(new Journal((line) => lines.push(line)));
  };
  const bare = (name: string) => {
    const path = join(folder, name);
    execFileSync('git', ['init', '--quiet', '--bare', path]);
    return path;
  };

  const create = (name = 'project', files = { 'a.txt': 'a\n', 'b.dat': 'b\n' }) =>
    Repository.create(files, join(folder, name));
  const snapshot = async ({ root }: Repository) => pinSnapshot(await openProject(root), executor(), 'refuse');
  const persons = (...settings: readonly (readonly [string, string])[]) => {
    for (const [key, value] of settings)
      execFileSync('git', ['config', '--file', join(folder, 'gitconfig'), key, value]);
  };
  const program = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  };
  /** A program that leaves a trace when it is executed. */
  const evil = () => program('evil', `echo "$0 $*" >>${marker}`);
  const hooksIn = (hooks: string) => {
    mkdirSync(hooks, { recursive: true });
    const names = ['pre-push', 'post-checkout', 'post-index-change', 'reference-transaction', 'pre-auto-gc'];
    for (const name of names) {
      writeFileSync(join(hooks, name), `#!/bin/sh\necho ${name} >>${marker}\n`);
      chmodSync(join(hooks, name), 0o755);
    }
    return hooks;
  };
  const executed = () => (existsSync(marker) ? readFileSync(marker, 'utf8') : '');

  /** Git reads a file again that is as old as the index. */
  const age = (repository: Repository) => {
    const before = new Date('2026-01-02T03:04:05Z');
    for (const name of ['a.txt', 'b.dat']) utimesSync(join(repository.root, name), before, before);
    repository.git('update-index', '--refresh');
  };

  /** All that is done with a live tree. */
  const everything = async (repository: Repository) => {
    await pinHead(await openProject(repository.root), '').catch((error: unknown) => {
      if (!(error instanceof DirtyTree)) throw error;
    });
    const pin = await snapshot(repository);
    await pinSnapshot(await openProject(repository.root), executor(), 'leave out', pin);
    await keepPin(
      await openProject(repository.root),
      executor(),
      await pinCommit(await openProject(repository.root), 'HEAD'),
    );
    return pin;
  };

  describe('that a job wrote into the live tree', () => {
    it('T3: no file system monitor and no hook is executed', async () => {
      const repository = create();
      repository.git('config', 'core.fsmonitor', evil());
      hooksIn(join(repository.root, '.git', 'hooks'));
      repository.write({ 'a.txt': 'changed\n', 'new.txt': 'new\n' });
      const { commit } = await everything(repository);
      expect(executed()).toBe('');
      expect(repository.git('show', `${commit}:new.txt`)).toBe('new');
      repository.git('config', 'core.hooksPath', hooksIn(join(folder, 'hooks')));
      repository.write({ 'a.txt': 'changed again\n' });
      await everything(repository);
      expect(executed()).toBe('');
    });

    it.each(variants('process', 'clean'))(
      'T3: no filter is executed (%s): where it would be, it is refused',
      async (kind) => {
        const repository = create();
        age(repository);
        repository.git('config', `filter.evil.${kind}`, evil());
        mkdirSync(join(repository.root, '.git', 'info'), { recursive: true });
        writeFileSync(join(repository.root, '.git', 'info', 'attributes'), '*.txt filter=evil\n');
        // What it would not change goes on.
        repository.write({ 'b.dat': 'changed\n' });
        expect((await everything(repository)).snapshot).toBe(true);
        repository.write({ 'a.txt': 'changed\n' });
        const refusal = {
          constructor: UntrustedFilter,
          message: expect.stringContaining('a.txt'),
          suggestions: [`git config --global filter.evil.${kind} ${join(folder, 'evil')}`],
        };
        await expect(everything(repository)).rejects.toMatchObject(refusal);
        await expect(snapshot(repository)).rejects.toMatchObject(refusal);
        expect(executed()).toBe('');
      },
    );

    slow('T3: nor one of a repository inside the tree, however it got into the index', async () => {
      const repository = create();
      const inner = Repository.create({ 'c.txt': 'c\n' }, join(repository.root, 'inner'));
      repository.git('add', 'inner');
      inner.git('config', 'filter.evil.clean', evil());
      inner.git('config', 'core.fsmonitor', evil());
      writeFileSync(join(inner.root, '.git', 'info', 'attributes'), '* filter=evil\n');
      inner.write({ 'c.txt': 'changed\n' });
      await expect(everything(repository)).rejects.toThrow(UntrustedFilter);
      await expect(snapshot(repository)).rejects.toThrow(UntrustedFilter);
      expect(executed()).toBe('');
    });

    it.skipIf(isLeftOut('lfs'))('T3: nor one that takes the name of git-lfs, or hangs on to it', async () => {
      const repository = create();
      repository.git('lfs', 'install', '--local');
      repository.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'model.bin': 'model\n' });
      repository.commit('A model');
      repository.write({ 'model.bin': 'another\n' });
      expect(repository.git('show', `${(await everything(repository)).commit}:model.bin`)).toContain(
        'git-lfs',
      );
      repository.git('config', 'lfs.extension.evil.clean', evil());
      repository.git('config', 'lfs.extension.evil.smudge', evil());
      repository.git('config', 'lfs.extension.evil.priority', '0');
      repository.write({ 'model.bin': 'a third\n' });
      await expect(snapshot(repository)).rejects.toThrow(UntrustedFilter);
      repository.git('config', '--remove-section', 'lfs.extension.evil');
      repository.git('config', 'filter.lfs.process', evil());
      repository.git('config', 'filter.lfs.clean', evil());
      await expect(snapshot(repository)).rejects.toThrow(UntrustedFilter);
      expect(executed()).toBe('');
    });

    it('T3: none is executed for the context of an image, which has what is stored', async () => {
      const repository = create();
      repository.git('config', 'filter.evil.smudge', evil());
      repository.git('config', 'filter.evil.required', 'true');
      mkdirSync(join(repository.root, '.git', 'info'), { recursive: true });
      writeFileSync(join(repository.root, '.git', 'info', 'attributes'), '*.txt filter=evil\n');
      persons(['filter.evil.process', evil()], ['core.attributesFile', join(folder, 'attributes')]);
      writeFileSync(join(folder, 'attributes'), '* filter=evil\n');
      const image = {
        tag: 'x',
        tree: `${repository.git('rev-parse', 'HEAD^{tree}')}`,
        dockerfile: '',
        leftOut: 'b.dat',
        labels: {},
      };
      // In the place of docker: what is in the folder that it is given.
      const shown = program('docker', 'for last; do :; done; cd "$last" && grep -r ""');
      const { stdout } = await executor().change(buildImage(shown, repository.root, image));
      expect(stdout).toBe('a.txt:a\n');
      expect(executed()).toBe('');
    });

    it("T3: a filter of the person's own is executed, as git does", async () => {
      const repository = create();
      persons(['filter.upper.clean', 'tr a-z A-Z']);
      repository.write({ '.gitattributes': '*.txt filter=upper\n', 'a.txt': 'changed\n' });
      expect(repository.git('show', `${(await snapshot(repository)).commit}:a.txt`)).toBe('CHANGED');
    });

    it('T3: nothing is fetched by programs that the configuration names', async () => {
      const repository = create();
      const other = create('other');
      repository.git('config', 'core.repositoryFormatVersion', '1');
      repository.git('config', 'extensions.partialClone', 'evil');
      repository.git('config', 'remote.evil.promisor', 'true');
      repository.git('config', 'remote.evil.url', other.root);
      repository.git('config', 'remote.evil.uploadpack', evil());
      const blob = repository.git('rev-parse', 'HEAD^{tree}');
      rmSync(join(repository.root, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
      await everything(repository).catch(() => {});
      expect(executed()).toBe('');
    });

    it('T3: nothing is written through a link', async () => {
      const repository = create();
      const precious = join(folder, 'precious');
      writeFileSync(precious, 'precious\n');
      for (const name of ['logistician.index', 'logistician.index.lock'])
        symlinkSync(precious, join(repository.root, '.git', name));
      repository.write({ 'a.txt': 'changed\n' });
      await snapshot(repository).catch(() => {});
      expect(readFileSync(precious, 'utf8')).toBe('precious\n');
      await snapshot(repository);
    });

    it("T3: files outside of the project are not taken for the project's", async () => {
      const repository = create();
      writeFileSync(join(folder, 'precious'), 'precious\n');
      const project = await openProject(repository.root);
      repository.git('config', 'core.worktree', folder);
      await expect(openProject(repository.root)).rejects.toThrow(FilesElsewhere);
      await expect(pinSnapshot(project, executor(), 'refuse')).rejects.toThrow(FilesElsewhere);
    });

    it('T3: a link where a submodule would be is not followed', async () => {
      const repository = create();
      repository.git('update-index', '--add', '--cacheinfo', `160000,${repository.head},itself`);
      symlinkSync('.', join(repository.root, 'itself'));
      expect((await snapshot(repository)).snapshot).toBe(true);
    });
  });

  describe("of the person's", () => {
    /** An `ssh` that is this computer: what is asked of a machine happens here. */
    const ssh = () => {
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'ssh'), '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', {
        mode: 0o755,
      });
      restore.push(setEnvironment({ PATH: `${bin}:${process.env.PATH}` }));
    };

    it('T5, M9: none turns, signs or refuses a push to a machine, or pushes more', async () => {
      ssh();
      const remote = bare('remote.git');
      const repository = create();
      const inner = create('lib');
      repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'lib');
      repository.commit('With a submodule');
      const sub = new Repository(join(repository.root, 'lib'));
      sub.git('remote', 'set-url', 'origin', bare('private.git'));
      sub.commit('Private');
      repository.commit('With private work');
      hooksIn(join(folder, 'hooks'));
      persons(
        ['core.hooksPath', join(folder, 'hooks')],
        ['push.gpgSign', 'true'],
        ['push.pushOption', 'ci.skip'],
        ['push.recurseSubmodules', 'on-demand'],
        ['submodule.recurse', 'true'],
        ['push.followTags', 'true'],
        ['push.negotiate', 'true'],
        ['url.ssh://elsewhere/.insteadOf', 'ssh://m1/'],
        [`url.${bare('pushed-elsewhere.git')}.pushInsteadOf`, `ssh://m1${remote}`],
        ['protocol.allow', 'never'],
        ['core.sshCommand', evil()],
        ['ssh.variant', 'tortoiseplink'],
        ['gpg.program', evil()],
      );
      repository.git('tag', '--annotate', '--message', 'x', 'v1');
      const { head } = repository;
      await executor().change(pushCommit(repository.root, '/dev/null', 'm1', remote, [head]));
      const refs = (path: string) =>
        execFileSync('git', ['-C', path, 'for-each-ref', '--format=%(refname)']).toString();
      expect(refs(remote)).toBe(`refs/logistician/${head}\n`);
      expect(refs(join(folder, 'private.git'))).toBe('');
      expect(refs(join(folder, 'pushed-elsewhere.git'))).toBe('');
      expect(executed()).toBe('');
    });

    const checkedOut = async (repository: Repository, commit: string) => {
      const into = join(folder, 'job', 'source');
      const commands = checkOut(await checkoutOf(repository, commit), into).map(renderCommand);
      execFileSync('sh', ['-c', commands.join(' &&\n')], { stdio: 'pipe' });
      return new Repository(into);
    };

    slow('L28: tags come with a commit, and its checkout there describes it', async () => {
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'ssh'), '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', {
        mode: 0o755,
      });
      restore.push(setEnvironment({ PATH: `${bin}:${process.env.PATH}` }));
      const repository = create();
      repository.git('tag', 'light');
      repository.commit('Second');
      repository.git('tag', '--annotate', '--message', 'x', 'v1');
      repository.git('tag', '--annotate', '--message', 'x', 'other', 'light');
      const source = await checkoutOf(repository, repository.commit('Third'));
      const ids = [source.commit, ...(source.history?.tags ?? []).map(({ id }) => id)];
      expect(ids).toHaveLength(4);
      const remote = bare('with-tags.git');
      await executor().change(pushCommit(repository.root, '/dev/null', 'm1', remote, ids));
      for (const one of checkOut({ ...source, repository: remote }, join(folder, 'job')))
        await executor().change(one);
      const job = new Repository(join(folder, 'job'));
      for (const words of [['describe'], ['describe', '--tags', '--match', 'l*']])
        expect(job.git(...words)).toBe(repository.git(...words));
    });

    it('M11: a checkout, and the repository that it comes from, are made by words of an old git', async () => {
      const repository = create();
      const bin = join(folder, 'old');
      mkdirSync(bin);
      const real = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
      writeFileSync(
        join(bin, 'git'),
        `#!/bin/sh
for word; do
  case $word in
    --object-format* | --initial-branch* | --show-scope | --pathspec-from-file* | --sparse)
      echo "error: unknown option $word" >&2
      exit 129
      ;;
  esac
done
exec ${real} "$@"
`,
        { mode: 0o755 },
      );
      restore.push(setEnvironment({ PATH: `${bin}:${process.env.PATH}` }));
      const bare = join(folder, 'bare.git');
      const runner = fileURLToPath(new URL('../../templates/machine/runner.sh', import.meta.url));
      execFileSync('sh', [runner, 'repository', bare, 'sha1'], { stdio: 'pipe' });
      expect(existsSync(join(bare, 'HEAD'))).toBe(true);
      expect((await checkedOut(repository, repository.head)).head).toBe(repository.head);
    });

    slow('L20: a checkout depends on its commit alone', async () => {
      const repository = create();
      const first = repository.head;
      repository.write({ 'a.txt': 'one\ntwo\n' });
      repository.commit('Second');
      const template = join(folder, 'template');
      hooksIn(join(template, 'hooks'));
      mkdirSync(join(template, 'info'));
      writeFileSync(join(template, 'info', 'attributes'), '* text eol=crlf\n');
      const attributes = join(folder, 'attributes');
      writeFileSync(attributes, '* filter=evil eol=crlf\n');
      persons(
        ['init.templateDir', template],
        ['core.hooksPath', hooksIn(join(folder, 'hooks'))],
        ['core.fsmonitor', evil()],
        ['core.attributesFile', attributes],
        ['core.autocrlf', 'true'],
        ['filter.evil.smudge', evil()],
        ['protocol.allow', 'never'],
        ['protocol.version', '0'],
        ['fetch.fsckObjects', 'true'],
        ['submodule.recurse', 'true'],
        ['fetch.recurseSubmodules', 'true'],
      );
      const back = { GIT_DEFAULT_HASH: 'sha256', GIT_LFS_SKIP_SMUDGE: '1', GIT_TEMPLATE_DIR: template };
      restore.push(setEnvironment(back));
      const job = await checkedOut(repository, repository.head);
      expect(readFileSync(join(job.root, 'a.txt'), 'utf8')).toBe('one\ntwo\n');
      expect(job.git('rev-parse', 'HEAD')).toBe(repository.head);
      expect(existsSync(join(job.root, '.git', 'hooks'))).toBe(false);
      rmSync(job.root, { recursive: true });
      expect((await checkedOut(repository, first)).git('rev-parse', 'HEAD')).toBe(first);
      expect(executed()).toBe('');
    });

    it.skipIf(isLeftOut('lfs'))(
      'L3: nor do large files stay away for what the environment says',
      async () => {
        const repository = create();
        repository.git('lfs', 'install', '--local');
        repository.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'model.bin': 'model\n' });
        repository.commit('A model');
        persons(['lfs.fetchexclude', '*']);
        restore.push(setEnvironment({ GIT_LFS_SKIP_SMUDGE: '1' }));
        const job = await checkedOut(repository, repository.head);
        expect(readFileSync(join(job.root, 'model.bin'), 'utf8')).toBe('model\n');
      },
    );

    slow('L3: files that a filter makes are refused, where they are not what is stored', async () => {
      const repository = create();
      const refuse = async (commit = repository.head) =>
        refuseMissingFiles(executor(), await checkoutOf(repository, commit));
      repository.write({ '.gitattributes': '*.txt filter=vault\n' });
      repository.commit('Attributes');
      persons(
        ['filter.vault.clean', 'cat'],
        ['filter.notebooks.clean', 'sed d'],
        ['filter.lfs.smudge', evil()],
      );
      await refuse();
      // It passes over these files, as one for large files does.
      persons(['filter.vault.smudge', `sed s/secret/open/`], ['filter.vault.clean', 'sed s/open/secret/']);
      await refuse();
      repository.write({ 'sub/key.txt': 'secret\n' });
      repository.git('-c', 'filter.vault.clean=cat', 'add', '.');
      repository.git('commit', '--quiet', '--message', 'A key');
      repository.write({ 'sub/key.txt': 'open\n' });
      await expect(refuse()).rejects.toMatchObject({
        constructor: FilteredFiles,
        message: expect.stringMatching(/"vault".*:\n {2}sub\/key\.txt\n/s),
      });
      // The attributes are those of the commit, wherever the working tree is.
      const { head } = repository;
      repository.git('checkout', '--quiet', '--force', 'HEAD~2');
      await expect(refuse(head)).rejects.toThrow(FilteredFiles);
      await refuse(repository.head);
      expect(executed()).toBe('');
    });

    slow('L20: a snapshot is the same with any of them', async () => {
      const repository = create();
      const key = join(folder, 'key');
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
      const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${key}`, 'commit', '-S'];
      repository.git(...sign, '--quiet', '--allow-empty', '--message', 'Signed');
      repository.write({ 'a.txt': 'dos\r\nunix\n', 'new.txt': 'new\n' });
      const pin = await snapshot(repository);
      persons(
        ['log.showSignature', 'true'],
        ['commit.gpgSign', 'true'],
        ['color.ui', 'always'],
        ['core.pager', evil()],
        ['i18n.commitEncoding', 'ISO-8859-1'],
        ['add.ignoreErrors', 'true'],
        ['core.safecrlf', 'true'],
        ['status.showUntrackedFiles', 'no'],
        ['diff.ignoreSubmodules', 'all'],
        ['diff.external', evil()],
      );
      expect(await snapshot(repository)).toEqual(pin);
      expect((await pinCommit(await openProject(repository.root), pin.commit)).snapshot).toBe(true);
      expect(executed()).toBe('');
    });

    it('L33: git is asked in English', async () => {
      restore.push(setEnvironment({ LANG: 'C.UTF-8', LANGUAGE: 'de' }));
      await expect(openProject(folder)).rejects.toThrow(NoRepository);
      const failed = await executor()
        .change(pushCommit(create().root, '/dev/null', 'm1', '/nowhere', ['HEAD']))
        .catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(CommandFailed);
      expect((failed as CommandFailed).outcome.stderr).not.toMatch(/nicht/);
      // What a snapshot fails with is known by its words, too.
      const repository = create();
      repository.git('config', 'filter.evil.clean', evil());
      repository.write({ '.gitattributes': '*.txt filter=evil\n', 'a.txt': 'changed\n' });
      await expect(snapshot(repository)).rejects.toThrow(UntrustedFilter);
      const lock = join(repository.root, '.git', 'refs', 'logistician', `${repository.head}.lock`);
      mkdirSync(join(lock, '..'), { recursive: true });
      writeFileSync(lock, '');
      const { stderr } = await executor().attempt(keepCommits(repository.root, [repository.head]));
      expect(isContention({ stderr })).toBe(true);
    });
  });

  it('L6: an edit in the second of the commit is in the snapshot', async () => {
    const repository = create();
    const time = new Date('2026-01-02T03:04:05Z');
    const put = (text: string) => {
      repository.write({ 'a.txt': text });
      utimesSync(join(repository.root, 'a.txt'), time, time);
    };
    put('AAAA\n');
    repository.commit('A');
    // The index is as old as the file, which git takes for a reason to look; of the same size, it looks unchanged.
    repository.git('config', 'core.trustctime', 'false');
    put('BBBB\n');
    utimesSync(join(repository.root, '.git', 'index'), time, time);
    expect(repository.git('show', `${(await snapshot(repository)).commit}:a.txt`)).toBe('BBBB');
  });

  describe('a commit that is pinned', () => {
    /** As git does it by itself, some months later. */
    const clean = (repository: Repository) => {
      repository.git('reflog', 'expire', '--expire=now', 'HEAD', 'refs/heads/main');
      repository.git('gc', '--quiet', '--prune=now');
    };
    /** As people do it who want room. */
    const forget = (repository: Repository) => {
      repository.git('reflog', 'expire', '--expire=now', '--all');
      repository.git('gc', '--quiet', '--prune=now', '--aggressive');
    };
    const remedy = (error: unknown) =>
      execFileSync('sh', ['-c', String((error as UserError).suggestions[0])], { stdio: 'pipe' });
    const amend = (repository: Repository) => {
      repository.write({ 'a.txt': `amended ${repository.head}\n` });
      repository.git('commit', '--quiet', '--all', '--amend', '--message', 'Amended');
    };

    slow('T11: is there after amend, expire and gc, and is no snapshot for being kept', async () => {
      const repository = create();
      repository.commit('Second');
      const project = await openProject(repository.root);
      const pin = await pinHead(project, '');
      await keepPin(project, executor(), pin);
      expect(lines).toHaveLength(1);
      await keepPin(project, executor(), pin);
      expect(lines).toHaveLength(0);
      amend(repository);
      clean(repository);
      const into = join(folder, 'job');
      for (const one of checkOut(await checkoutOf(project, pin.commit), into)) await executor().change(one);
      expect(new Repository(into).head).toBe(pin.commit);
      expect(await pinCommit(project, pin.commit)).toEqual({ ...pin, snapshot: false });

      forget(repository);
      const gone = await pinCommit(project, pin.commit.slice(0, 10)).catch((error: unknown) => error);
      expect(gone).toBeInstanceOf(UnknownCommit);
      remedy(gone);
      // The next run keeps it as before.
      await keepPin(project, executor(), pin);
      expect(lines).toHaveLength(1);
      clean(repository);
      expect(await pinCommit(project, pin.commit.slice(0, 10))).toEqual({ ...pin, snapshot: false });
    });

    slow('T11: has its submodules, too', async () => {
      const repository = create();
      const lib = create('lib');
      repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', lib.root, 'lib');
      const sub = new Repository(join(repository.root, 'lib'));
      sub.commit('Ahead');
      repository.commit('With it');
      const project = await openProject(repository.root);
      const pin = await pinCommit(project, 'HEAD');
      await keepPin(project, executor(), pin);
      amend(sub);
      amend(repository);
      for (const one of [sub, repository]) clean(one);
      const into = join(folder, 'job');
      for (const one of checkOut(await checkoutOf(project, pin.commit), into)) await executor().change(one);
      expect(existsSync(join(into, 'lib', 'a.txt'))).toBe(true);

      forget(sub);
      const gone = await checkoutOf(project, pin.commit).catch((error: unknown) => error);
      remedy(gone);
      expect((await checkoutOf(project, pin.commit)).submodules).toHaveLength(1);
    });

    slow('N17: is not among all refs, and neither are those that an earlier version kept', async () => {
      const repository = create();
      repository.commit('Second');
      const project = await openProject(repository.root);
      const first = repository.git('rev-parse', 'HEAD~1');
      repository.write({ 'old.txt': 'old\n' });
      const old = await snapshot(repository);
      repository.git('update-ref', `refs/logistician/${old.commit}`, old.commit);
      unlinkSync(join(repository.root, 'old.txt'));
      const all = () => repository.git('log', '--all', '--format=%H').split('\n');
      expect(all()).toContain(old.commit);
      repository.write({ 'new.txt': 'new\n' });
      const pin = await snapshot(repository);
      await keepPin(project, executor(), pin);
      expect(lines).toHaveLength(1);
      expect(all()).toEqual([repository.head, first]);
      const parent = repository.head;
      amend(repository);
      clean(repository);
      expect(all()).toEqual([repository.head, first]);
      for (const { commit } of [old, pin]) {
        expect(repository.git('rev-parse', `${commit}^`)).toBe(parent);
        expect(repository.git('ls-tree', '--name-only', `${commit}^`)).toBe('a.txt\nb.dat');
        expect(await pinCommit(project, commit)).toMatchObject({ commit, snapshot: true });
      }
      // git 2.55 calls what only a reflog of the future names dangling, and keeps it.
      expect(repository.git('fsck', '--no-dangling')).toBe('');
      // With all branches and tags they go nowhere.
      const remote = bare('elsewhere.git');
      repository.git('push', '--quiet', '--all', remote);
      repository.git('push', '--quiet', '--tags', remote);
      expect(execFileSync('git', ['-C', remote, 'for-each-ref', '--format=%(refname)']).toString()).toBe(
        'refs/heads/main\n',
      );
    });

    slow('L10: goes by the lines of the guide once no receipt names it', async () => {
      const repository = create();
      const project = await openProject(repository.root);
      const keptWith = async (text: string) => {
        repository.write({ 'new.txt': text });
        const pin = await snapshot(repository);
        await keepPin(project, executor(), pin);
        return pin.commit;
      };
      const [named, edited, none] = [await keptWith('1'), await keptWith('2'), await keptWith('3')];
      const old = await keptWith('4');
      repository.git('update-ref', '-d', `refs/logistician/history/${old}`);
      repository.git('update-ref', `refs/logistician/${old}`, old);
      repository.write({
        '.gitignore': 'runs/\n',
        'one/runs/1/run.json': JSON.stringify({ commit: named }),
        'one/runs/2/run.json': JSON.stringify({ commit: repository.head, edited_during_run: edited }),
      });
      const guide = readFileSync(new URL('../../docs/guide/by-hand.md', import.meta.url), 'utf8');
      const [, block = 'exit 1'] = /```sh\n(cd \$project\n.*?)```/s.exec(guide) ?? [];
      const env = { ...process.env, project: repository.root };
      execFileSync('sh', ['-ec', block], { env, stdio: 'pipe' });
      const exists = (commit: string) =>
        repository.git('cat-file', '--batch-all-objects', '--batch-check=%(objectname)').includes(commit);
      expect([named, edited, none, old].map(exists)).toEqual([true, true, false, false]);
      expect(repository.git('for-each-ref', 'refs/logistician').split('\n')).toHaveLength(4);
    });

    it('T11: a snapshot that an earlier version kept is one still', async () => {
      const repository = create();
      repository.write({ 'new.txt': 'new\n' });
      const pin = await snapshot(repository);
      repository.git('update-ref', `refs/logistician/${pin.commit}`, pin.commit);
      unlinkSync(join(repository.root, 'new.txt'));
      amend(repository);
      clean(repository);
      expect(await pinCommit(await openProject(repository.root), pin.commit)).toEqual(pin);
    });
  });

  describe('several experiments of one project', () => {
    it('T21, M16: bring one commit to one repository at the same moment', async () => {
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeFileSync(join(bin, 'ssh'), '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n', {
        mode: 0o755,
      });
      restore.push(setEnvironment({ PATH: `${bin}:${process.env.PATH}` }));
      const repository = create();
      const remote = join(folder, 'remote.git');
      execFileSync('git', ['init', '--quiet', '--bare', remote]);
      for (let round = 0; round < 4; round++) {
        const commit = repository.commit(`Round ${round}`);
        const work = new Executor(new Journal(() => {}));
        const exists = async () => {
          const kept = await work.query(findKept(remote, [commit]));
          return kept.code === 0 && kept.stdout.trim() === commit;
        };
        const push = pushCommit(repository.root, '/dev/null', 'm1', remote, [commit]);
        await Promise.all(Array.from({ length: 6 }, () => changeAmongOthers(work, push, exists)));
        expect(await exists()).toBe(true);
      }
    });

    it('T21: wait while another holds the lock, and go on when it lets go', async () => {
      const repository = create();
      const lock = join(repository.root, '.git', 'refs', 'logistician', `${repository.head}.lock`);
      mkdirSync(join(lock, '..'), { recursive: true });
      writeFileSync(lock, '');
      let looks = 0;
      await changeAmongOthers(executor(), keepCommits(repository.root, [repository.head]), async () => {
        looks++;
        rmSync(lock);
        return false;
      });
      expect({ looks, tries: lines.length }).toEqual({ looks: 1, tries: 2 });
    });

    it('T21: what fails for another reason fails at once', async () => {
      const nothing = keepCommits(create().root, ['1'.repeat(40)]);
      const looked = async () => {
        throw new Error('no look is needed');
      };
      await expect(changeAmongOthers(executor(), nothing, looked)).rejects.toThrow(CommandFailed);
      expect(lines).toHaveLength(1);
    });
  });
});
