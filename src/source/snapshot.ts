import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type Command, command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import { ofLongReads } from '../shell/limits.js';
import { pasteable } from '../shell/word.js';
import { addAll, commitTree, linkSubmodule, writeTree } from '../tools/git/lines.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { keep } from './keep.js';
import { isCheckedOut, lookAt, nameable } from './look.js';
import { isPushed, type Pin, status } from './pin.js';
import { openProject, type Project } from './project.js';

/** An untracked file larger than this, in bytes, is data rather than source. */
const largestUntracked = 50 * 1000 * 1000;

export class LargeUntrackedFile extends UserError {
  constructor(paths: readonly string[], root: string) {
    super(
      `Untracked files over 50 MB would go into the snapshot, and to every machine:\n${paths.map((path) => `  ${path}`).join('\n')}`,
      [
        `${pasteable`echo ${`/${paths[0]}`} >> ${join(root, '.gitignore')}`}    # and name its folder under "inputs" in parameters.json`,
      ],
    );
  }
}

/** The working tree as a commit under refs/logistician/, untracked files included and ignored ones not; those of
 *  repositories inside it, submodules or not, as commits of their own there.
 *  Branch, index and files stay untouched; equal trees on one parent give equal commits; a tree that is
 *  HEAD's own gives HEAD.
 *  @param large what to do about untracked files over 50 MB.
 *  @param known a pin of this project: it is the answer if the tree is still the same.
 *  @throws LargeUntrackedFile, UntrustedFilter */
export async function pinSnapshot(
  project: Project,
  executor: Executor,
  large: 'refuse' | 'leave out',
  known?: Pin,
): Promise<Pin> {
  if (known && (await isStill(project, known))) return known;
  const { tooLarge, links } = await survey(project);
  const own = tooLarge.map((name) => unquoteName(name).toString());
  if (own.length > 0 && large === 'refuse') throw new LargeUntrackedFile(own, project.root);
  const inner = await Promise.all(
    links.map(async ({ path, recorded }) => {
      const pin = await pinSnapshot(await openProject(join(project.root, path)), executor, large);
      return { path, recorded, pin };
    }),
  );
  const leftOut = [...own, ...inner.flatMap(({ path, pin }) => pin.leftOut.map((name) => `${path}/${name}`))];
  const ofHead = known ? null : isPushed(project, project.head);
  // Where the rest fails, that is what is told.
  ofHead?.catch(() => {});
  const writer = new ObjectWriter(project, executor);
  try {
    await writer.add(
      tooLarge,
      inner.map(({ path }) => path),
    );
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
    await keep(executor, project.root, commit);
    return { commit, tree, snapshot: true, pushed: false, leftOut };
  } finally {
    writer.close();
  }
}

/** Whether the working tree holds the commit that it was at, and nothing else: what git tells in one look. */
async function isStill(project: Project, { snapshot, commit }: Pin): Promise<boolean> {
  if (snapshot) return false;
  const text = await status(project, '--porcelain=v2', '--branch');
  const lines = text.split('\n').filter(Boolean);
  return lines.includes(`# branch.oid ${commit}`) && lines.every((line) => line.startsWith('# '));
}

/** A repository inside the working tree that is checked out, and the commit that the index has of it. */
interface Link {
  readonly path: string;
  readonly recorded: string | null;
}

/** What a snapshot has to treat in another way than other files; names that are too large as git quotes them. */
async function survey(project: Project): Promise<{ tooLarge: string[]; links: Link[] }> {
  const list = ['ls-files', '--stage', '--others', '--exclude-standard'];
  const listing = await project.git.raw(...quotedNames, ...list);
  const tooLarge: string[] = [];
  const links = new Map<string, string | null>();
  for (const line of listing.split('\n')) {
    if (line === '') continue;
    // A listed name holds no tab: what the index has stands behind one.
    const tab = line.indexOf('\t');
    if (tab >= 0 && !line.startsWith('160000 ')) continue;
    const name = line.slice(tab + 1);
    const bytes = unquoteName(name);
    if (tab >= 0) links.set(nameable(bytes, project.root), line.split(' ')[1] ?? null);
    else if (bytes.at(-1) === slash) links.set(bytes.toString().slice(0, -1), null);
    else if (sizeOf(project.root, bytes) > largestUntracked) tooLarge.push(name);
  }
  const checkedOut = [...links].filter(([path]) => isCheckedOut(project.root, path));
  return { tooLarge, links: checkedOut.map(([path, recorded]) => ({ path, recorded })) };
}

const slash = '/'.charCodeAt(0);

const sizeOf = (root: string, path: Buffer) =>
  lstatSync(Buffer.concat([Buffer.from(`${root}/`), path]), { throwIfNoEntry: false })?.size ?? 0;

/** Makes git objects from the working tree with an index of its own: a copy of the user's, which knows what
 *  files need no reading, their modes, and which of the ignored ones are tracked. In a dry run the objects go
 *  to a folder that goes with this process, so that what is printed after them can still be told. */
class ObjectWriter {
  readonly #index: string;
  readonly #claim: string;
  readonly #scratch: string | null;

  constructor(
    private readonly project: Project,
    private readonly executor: Executor,
  ) {
    const index = join(project.gitDirectory, 'logistician.index');
    // Another snapshot may be made at this moment: then this one has a name of its own.
    this.#claim = `${index}.claim`;
    this.#index = executor.dryRun || claim(this.#claim) ? index : `${index}.${process.pid}.${++others}`;
    this.#scratch = executor.dryRun ? scratchObjects() : null;
  }

  async add(leftOut: readonly string[], inner: readonly string[]): Promise<void> {
    const users = join(this.project.gitDirectory, 'index');
    // Its time tells git which files have changed in the second that it was written in. What is in the way goes, and is
    // not written through: a job in `run` could put a link there.
    const copied = existsSync(users)
      ? this.output((index) => command('install', '-p', '-m', '600', users, index))
      : null;
    const { root, sparse } = this.project;
    const [{ settings, explain }] = await Promise.all([lookAt(root, inner), copied]);
    await this.output((index) => addAll(root, index, leftOut, sparse, settings)).catch((error: unknown) => {
      throw explain(error);
    });
  }

  /** Performs the command and returns its last line: an id. */
  async output(make: (index: string) => Command): Promise<string> {
    const outcome = await this.executor.change(make(this.#index));
    if (!this.#scratch) return outcome.stdout.trim();
    const elsewhere = make(join(this.#scratch, 'index'));
    const env = { ...elsewhere.env, ...(await this.#elsewhere()) };
    return (await this.executor.read({ ...elsewhere, env }, ofLongReads)).trim();
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
    // Large files go there, too, by one more setting than there are in the environment.
    const settings = Number(process.env.GIT_CONFIG_COUNT ?? 0);
    return {
      GIT_OBJECT_DIRECTORY: this.#scratch ?? '',
      GIT_ALTERNATE_OBJECT_DIRECTORIES: objects.trim(),
      GIT_CONFIG_COUNT: String(settings + 1),
      [`GIT_CONFIG_KEY_${settings}`]: 'lfs.storage',
      [`GIT_CONFIG_VALUE_${settings}`]: join(this.#scratch ?? '', 'lfs'),
    };
  }
}

/** How many snapshots of this process had to take another name. */
let others = 0;

/** Makes the file; false: somebody has it. */
function claim(path: string): boolean {
  try {
    writeFileSync(path, '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A folder for git objects that goes with this process, and that every git which it starts reads from. */
function scratchObjects(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const others = process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES;
  process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES = others ? `${folder}:${others}` : folder;
  return folder;
}
