import { createHash } from 'node:crypto';
import { UserError } from '../errors.js';
import { emptyTree } from '../tools/git/lines.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { GitFailed } from '../tools/git/reads.js';
import { submodulesAt } from './checkout.js';
import { type Entry, entriesOf } from './listing.js';
import type { Project } from './project.js';
import { sourceId } from './source-id.js';

/** Which files of a commit count when we decide whether a run of it is still good. Paths are relative to the
 * project. */
export interface CodeRule {
  /** `code` of parameters.json: git's pathspecs, from the project's root; null: all files count. */
  readonly paths: readonly string[] | null;
  /** Always count, where they exist: the Dockerfile, and what says which files it can copy. */
  readonly always: readonly string[];
  /** Never counts, because it is configuration. */
  readonly parametersFile: string;
}

/** A path under "code" that git refuses, or that matches no file: a typing error would make outdated runs count as
 * good. */
export class NoSuchCode extends UserError {
  constructor(path: string, why: string) {
    super(
      `"code" in parameters.json names ${JSON.stringify(path)}, ${why}. Paths start from the root of the project.`,
      ['git ls-tree -r --name-only --full-tree HEAD'],
    );
  }
}

/** A hash of the files of a commit that count. It differs if one of their submodules is not checked out here. @throws
 * NoSuchCode if a path of the rule matches none of them, MissingSubmoduleCommit */
export async function codeId(project: Project, commit: string, rule: CodeRule): Promise<string> {
  const { paths, parametersFile } = rule;
  if (paths === null) return sourceId(project, commit, parametersFile);
  await refuseUnmatched(project, commit, paths);
  const hash = createHash('sha256');
  const [files, { absent }] = await Promise.all([
    counted(project, commit, rule),
    submodulesAt(project, commit),
  ]);
  for (const { facts, path } of files) hash.update(facts).update('\t').update(path).update('\0');
  const links = files.flatMap(({ facts, path }) => (facts.includes(' commit ') ? [path.toString()] : []));
  for (const path of absent)
    if (links.some((link) => path === link || path.startsWith(`${link}/`))) hash.update(`absent\t${path}\0`);
  return hash.digest('hex');
}

/** The paths of files that count and differ between two commits, sorted; null: one of the commits is not in this
 * repository. */
export async function changedCode(
  project: Project,
  [before, now]: readonly [string, string],
  rule: CodeRule,
): Promise<readonly string[] | null> {
  try {
    const [then, since] = await Promise.all([counted(project, before, rule), counted(project, now, rule)]);
    const linesOf = (entries: readonly Entry[]) =>
      new Map(entries.map(({ facts, path }) => [path.toString('latin1'), facts]));
    const [old, fresh] = [linesOf(then), linesOf(since)];
    const names = new Set([...old.keys(), ...fresh.keys()]);
    return [...names]
      .filter((name) => old.get(name) !== fresh.get(name))
      .sort()
      .map((name) => Buffer.from(name, 'latin1').toString());
  } catch (error) {
    if (error instanceof GitFailed) return null;
    throw error;
  }
}

/** The files of a commit that count. */
async function counted(
  project: Project,
  commit: string,
  { paths, always, parametersFile }: CodeRule,
): Promise<readonly Entry[]> {
  const [all, named] = await Promise.all([
    entriesOf(project, commit),
    paths && namesMatching(project, commit, paths),
  ]);
  const counts = (path: Buffer) => {
    const name = path.toString('latin1');
    return named === null || named.has(name) || always.some((one) => path.equals(Buffer.from(one)));
  };
  const configuration = Buffer.from(parametersFile);
  return all.filter(
    ({ facts, path }) => !facts.includes(' tree ') && !path.equals(configuration) && counts(path),
  );
}

/** Names in a commit as git's pathspecs match them, each byte a character. */
async function namesMatching(
  project: Project,
  commit: string,
  paths: readonly string[],
): Promise<ReadonlySet<string>> {
  const compare = ['diff-tree', '-r', '--name-only', '--no-renames', emptyTree(commit), commit, '--'];
  const listing = await project.git.raw(...quotedNames, ...compare, ...paths);
  return new Set(
    listing
      .split('\n')
      .filter(Boolean)
      .map((name) => unquoteName(name).toString('latin1')),
  );
}

async function refuseUnmatched(project: Project, commit: string, paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths
      .filter((path) => !isExclusion(path))
      .map(async (path) => {
        const found = await namesMatching(project, commit, [path]).catch((error: Error) => {
          if (error instanceof GitFailed) throw new NoSuchCode(path, `which git refuses: ${error.message}`);
          throw error;
        });
        if (found.size === 0)
          throw new NoSuchCode(path, `and no file of ${commit.slice(0, 10)} has such a path`);
      }),
  );
}

const isExclusion = (path: string): boolean => /^:(?:[!^]|\([^)]*\bexclude\b)/.test(path);
