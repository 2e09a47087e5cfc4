import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import type { Command } from '../shell/command.js';
import { CommandFailed, type Executor } from '../shell/executor.js';
import { addAll, commitTree, keepCommit, writeTree } from '../tools/git/command-line.js';
import { isPushed, type Pin, treeOf } from './pin.js';
import type { Project } from './project.js';

/** An untracked file larger than this, in bytes, is data rather than source. */
const largestUntracked = 50 * 1000 * 1000;

export class LargeUntrackedFile extends UserError {
  constructor(paths: readonly string[]) {
    super(
      `Untracked files over 50 MB would go into the snapshot, and to every machine:\n${paths.map((path) => `  ${path}`).join('\n')}`,
      [`echo '/${paths[0]}' >> .gitignore    # and name its folder under "inputs" in parameters.json`],
    );
  }
}

/** The working tree as a commit under refs/logistician/, untracked files included and ignored ones not.
 *  Branch, index and files stay untouched; equal trees on one parent give equal commits; a tree that is
 *  HEAD's own gives HEAD.
 *  @param large what to do about untracked files over 50 MB.
 *  @param known a pin of this project: it is the answer if the tree is still the same.
 *  @throws LargeUntrackedFile */
export async function pinSnapshot(
  project: Project,
  executor: Executor,
  large: 'refuse' | 'leave out',
  known?: Pin,
): Promise<Pin> {
  const leftOut = await largeUntracked(project);
  if (leftOut.length > 0 && large === 'refuse') throw new LargeUntrackedFile(leftOut);
  const writer = new ObjectWriter(project, executor);
  try {
    await writer.add(leftOut);
    const tree = await writer.output((index) => writeTree(project.root, index));
    if (known?.tree === tree) return known;
    if (tree === (await treeOf(project, project.head))) {
      return {
        commit: project.head,
        tree,
        snapshot: false,
        pushed: await isPushed(project, project.head),
        leftOut,
      };
    }
    const date = (await project.git.raw('log', '-1', '--format=%cd', '--date=raw', project.head)).trim();
    const commit = await writer.output(() => commitTree(project.root, tree, project.head, date));
    await executor.change(keepCommit(project.root, commit));
    return { commit, tree, snapshot: true, pushed: false, leftOut };
  } finally {
    writer.close();
  }
}

async function largeUntracked(project: Project): Promise<string[]> {
  const untracked = await project.git.raw('ls-files', '--others', '--exclude-standard', '-z');
  return untracked
    .split('\0')
    .filter((path) => path !== '' && sizeOf(join(project.root, path)) > largestUntracked);
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Makes git objects from the working tree with an index that is kept for the next time. In a dry run the
 *  objects go to a folder that is thrown away, so that their ids can be printed all the same. */
class ObjectWriter {
  #index: string;
  /** For the case that the kept index is not to be had. */
  readonly #own: string;
  readonly #scratch: string | null;

  constructor(
    private readonly project: Project,
    private readonly executor: Executor,
  ) {
    this.#index = join(project.gitDirectory, 'logistician', 'index');
    this.#own = `${this.#index}.${process.pid}-${randomBytes(4).toString('hex')}`;
    this.#scratch = executor.dryRun ? mkdtempSync(join(tmpdir(), 'logistician-')) : null;
    if (!this.#scratch) mkdirSync(join(project.gitDirectory, 'logistician'), { recursive: true });
  }

  async add(leftOut: readonly string[]): Promise<void> {
    try {
      await this.output((index) => addAll(this.project.root, index, leftOut));
    } catch (error) {
      if (!(error instanceof CommandFailed) || !error.outcome.stderr.includes(`${this.#index}.lock`))
        throw error;
      // Another run takes a snapshot at this moment, or died while it did: this one goes without the kept index.
      this.#index = this.#own;
      await this.output((index) => addAll(this.project.root, index, leftOut));
    }
  }

  /** Performs the command and returns its last line: an id. */
  async output(make: (index: string) => Command): Promise<string> {
    const outcome = await this.executor.change(make(this.#index));
    if (!this.#scratch) return outcome.stdout.trim();
    const command = make(join(this.#scratch, 'index'));
    return (
      await this.executor.read({ ...command, env: { ...command.env, ...(await this.#elsewhere()) } })
    ).trim();
  }

  close(): void {
    if (this.#scratch) rmSync(this.#scratch, { recursive: true });
    rmSync(this.#own, { force: true });
  }

  async #elsewhere(): Promise<Record<string, string>> {
    const objects = await this.project.git.raw(
      'rev-parse',
      '--path-format=absolute',
      '--git-path',
      'objects',
    );
    return { GIT_OBJECT_DIRECTORY: this.#scratch ?? '', GIT_ALTERNATE_OBJECT_DIRECTORIES: objects.trim() };
  }
}
