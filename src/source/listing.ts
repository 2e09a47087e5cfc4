import { createHash } from 'node:crypto';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import type { Project } from './project.js';

interface Entry {
  /** Mode, type and id, as git lists them. */
  readonly facts: string;
  readonly path: Buffer;
}

const listings = new WeakMap<Project, Map<string, Promise<readonly Entry[]>>>();

/** Everything in the commit, folders too. Read once: a commit stays what it is. */
function entriesOf(project: Project, commit: string): Promise<readonly Entry[]> {
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

/** Id of the git tree of a folder in the commit, which is not its root; null: it is not there. */
export async function treeAt(project: Project, commit: string, path: string): Promise<string | null> {
  const own = Buffer.from(path);
  const found = (await entriesOf(project, commit)).find((entry) => entry.path.equals(own));
  return found ? (/^\d+ tree (\w+)$/.exec(found.facts)?.[1] ?? null) : null;
}

/** One hash for all source below a folder of the commit ('': all of it): names, modes and contents, one file left out.
 *  @param except its path below the folder */
export async function sourceId(
  project: Project,
  commit: string,
  except: string,
  folder = '',
): Promise<string> {
  const prefix = Buffer.from(folder === '' ? '' : `${folder}/`);
  const hash = createHash('sha256');
  for (const { facts, path } of await entriesOf(project, commit)) {
    if (facts.includes(' tree ') || !path.subarray(0, prefix.length).equals(prefix)) continue;
    const name = path.subarray(prefix.length);
    if (name.toString() !== except) hash.update(facts).update('\t').update(name).update('\0');
  }
  return hash.digest('hex');
}
