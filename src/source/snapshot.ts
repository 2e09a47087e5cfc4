import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import { ofLongReads } from '../shell/limits.js';
import { unlessBlocked } from '../tools/git/blocked.js';
import { addAll, commitTree, linkSubmodule, showHidden, writeTree } from '../tools/git/lines.js';
import { unquoteName } from '../tools/git/names.js';
import { lookAt } from './look.js';
import { isPushed, type Pin, status } from './pin.js';
import { openProject, type Project } from './project.js';
import { hidesChanges, LargeUntrackedFiles, survey } from './survey-tree.js';

/** The working tree as a commit, untracked files included and ignored ones not; those of repositories inside it,
 * submodules or not, as commits of their own there. `keepPin` keeps it, once a run is recorded with it. Branch, index
 * and files stay untouched; equal trees on one parent give equal commits; a tree equal to HEAD's gives HEAD.
 * @param large what to do with more than 50 MB of untracked files.
 * @param known a pin of this project, returned if the tree is still the same. @throws LargeUntrackedFiles,
 * UntrustedFilter */
export async function pinSnapshot(
  project: Project,
  executor: Executor,
  large: 'refuse' | 'leave out',
  known?: Pin,
): Promise<Pin> {
  if (known && (await isStill(project, known))) return known;
  const { tooLarge, links, hidden } = await survey(project);
  const own = tooLarge.map((name) => unquoteName(name).toString());
  if (own.length > 0 && large === 'refuse') throw new LargeUntrackedFiles(own, project.root);
  const inner = await Promise.all(
    links.map(async ({ path, recorded }) => {
      const pin = await pinSnapshot(await openProject(join(project.root, path)), executor, large);
      return { path, recorded, pin };
    }),
  );
  const leftOut = [...own, ...inner.flatMap(({ path, pin }) => pin.leftOut.map((name) => `${path}/${name}`))];
  const ofHead = known ? null : isPushed(project, project.head);
  // If the rest fails, that error is reported.
  ofHead?.catch(() => {});
  const writer = new ObjectWriter(project, executor);
  try {
    await writer.add({ leftOut: tooLarge, hidden, inner: inner.map(({ path }) => path) });
    for (const { path, recorded, pin } of inner) {
      if (pin.commit !== recorded)
        await writer.output((index) => linkSubmodule(project.root, index, path, pin.commit));
    }
    const tree = await writer.output((index) => writeTree(project.root, index));
    if (known?.tree === tree) return known;
    if (tree === project.headTree) {
      const pushed = await (ofHead ?? isPushed(project, project.head));
      return { commit: project.head, tree, snapshot: false, pushed, leftOut };
    }
    const date = (await project.git.raw('log', '-1', '--format=%cd', '--date=raw', project.head)).trim();
    const commit = await writer.output(() => commitTree(project.root, tree, project.head, date));
    return { commit, tree, snapshot: true, pushed: false, leftOut };
  } finally {
    writer.close();
  }
}

/** Whether the working tree is unchanged since that commit, by one `git status`. */
async function isStill(project: Project, { snapshot, commit }: Pin): Promise<boolean> {
  if (snapshot || hidesChanges(project)) return false;
  const text = await status(project, '--porcelain=v2', '--branch');
  const lines = text.split('\n').filter(Boolean);
  return lines.includes(`# branch.oid ${commit}`) && lines.every((line) => line.startsWith('# '));
}

interface Additions {
  /** Names, quoted by git. */
  readonly leftOut: readonly string[];
  readonly hidden: readonly string[];
  /** Paths of repositories inside the working tree. */
  readonly inner: readonly string[];
}

/** Creates git objects from the working tree with an index of its own: a copy of the user's, which has the stat data
 * and modes of files, and the tracked files among ignored ones. In a dry run the objects go to a temporary folder, so
 * that later commands can be printed with their ids. */
class ObjectWriter {
  readonly #index: string;
  readonly #claim: string;
  readonly #scratch: string | null;

  constructor(
    private readonly project: Project,
    private readonly executor: Executor,
  ) {
    const index = join(project.gitDirectory, 'logistician.index');
    // Another snapshot may be in progress: then this one uses another name.
    this.#claim = `${index}.claim`;
    this.#index = executor.dryRun || claim(this.#claim) ? index : `${index}.${process.pid}.${++others}`;
    this.#scratch = executor.dryRun ? scratchObjects() : null;
  }

  async add({ leftOut, hidden, inner }: Additions): Promise<void> {
    const users = join(this.project.gitDirectory, 'index');
    // Keep its time, by which git detects files changed in the same second. An existing file is replaced rather than
    // written: a job of `run` could have put a link there.
    const copied = existsSync(users)
      ? this.output((index) => command('install', '-p', '-m', '600', users, index))
      : null;
    const { root, sparse } = this.project;
    const [{ settings, explain }] = await Promise.all([lookAt(root, inner), copied]);
    if (hidden.length > 0) await this.output((index) => showHidden(root, index, hidden));
    const add = (index: string) => addAll(root, index, leftOut, sparse, settings);
    await unlessBlocked(root, (signal) => this.output(add, signal)).catch((error: unknown) => {
      throw explain(error);
    });
  }

  /** Performs the command and returns its last line: an id. */
  async output(make: (index: string) => Command, signal?: AbortSignal): Promise<string> {
    const io = signal ? { signal } : {};
    const outcome = await this.executor.change(make(this.#index), io);
    if (!this.#scratch) return outcome.stdout.trim();
    const elsewhere = make(join(this.#scratch, 'index'));
    const env = { ...elsewhere.env, ...(await this.#elsewhere()) };
    return (await this.executor.read({ ...elsewhere, env }, { ...ofLongReads, ...io })).trim();
  }

  close(): void {
    if (this.executor.dryRun) return;
    const own = this.#claim.startsWith(`${this.#index}.`) ? [this.#claim] : [];
    for (const left of [this.#index, `${this.#index}.lock`, ...own]) rmSync(left, { force: true });
  }

  async #elsewhere(): Promise<Record<string, string>> {
    const objects = await this.project.git.raw(
      'rev-parse',
      '--path-format=absolute',
      '--git-path',
      'objects',
    );
    // Large files go there, too, by an additional setting in the environment.
    const settings = Number(process.env.GIT_CONFIG_COUNT ?? 0);
    return {
      GIT_OBJECT_DIRECTORY: this.#scratch ?? '',
      GIT_ALTERNATE_OBJECT_DIRECTORIES: inList(objects.trim()),
      GIT_CONFIG_COUNT: String(settings + 1),
      [`GIT_CONFIG_KEY_${settings}`]: 'lfs.storage',
      [`GIT_CONFIG_VALUE_${settings}`]: join(this.#scratch ?? '', 'lfs'),
    };
  }
}

/** A path in a list of git's, whose entries are parted by colons. */
const inList = (path: string): string => (/[:"]/.test(path) ? JSON.stringify(path) : path);

/** The number of snapshots of this process that had to use another name. */
let others = 0;

/** Creates the file; false: it exists. */
function claim(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A temporary folder for git objects, deleted at exit, that every git of this process reads. */
function scratchObjects(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const others = process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES;
  process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES = others ? `${inList(folder)}:${others}` : inList(folder);
  return folder;
}
