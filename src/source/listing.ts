import { quotedNames, unquoteName } from '../tools/git/names.js';
import type { Project } from './project.js';

/** A file, folder or submodule in a commit. */
export interface Entry {
  /** Mode, type and id, in git's format. */
  readonly facts: string;
  readonly path: Buffer;
}

const listings = new WeakMap<Project, Map<string, Promise<readonly Entry[]>>>();

/** Everything in the commit, including folders. Read once: a commit never changes. */
export function entriesOf(project: Project, commit: string): Promise<readonly Entry[]> {
  const known = listings.get(project) ?? new Map<string, Promise<readonly Entry[]>>();
  listings.set(project, known);
  const entries = known.get(commit) ?? list(project, commit);
  known.set(commit, entries);
  return entries;
}

async function list(project: Project, commit: string): Promise<Entry[]> {
  const text = await project.git.raw(...quotedNames, 'ls-tree', '-r', '-t', '--full-tree', commit);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const tab = line.indexOf('\t');
      return { facts: line.slice(0, tab), path: unquoteName(line.slice(tab + 1)) };
    });
}

/** The submodules of the commit, with the commit of each. */
export async function linksAt(
  project: Project,
  commit: string,
): Promise<readonly { readonly id: string; readonly path: string }[]> {
  return (await entriesOf(project, commit)).flatMap(({ facts, path }) => {
    const id = /^160000 commit (\w+)$/.exec(facts)?.[1];
    return id ? [{ id, path: path.toString() }] : [];
  });
}

/** Id of the git tree of a folder in the commit, other than its root; null: it does not exist. */
export async function treeAt(project: Project, commit: string, path: string): Promise<string | null> {
  const own = Buffer.from(path);
  const found = (await entriesOf(project, commit)).find((entry) => entry.path.equals(own));
  return found ? (/^\d+ tree (\w+)$/.exec(found.facts)?.[1] ?? null) : null;
}
