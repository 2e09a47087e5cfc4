import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownLine, UserError } from '../errors.js';
import type { Command } from '../shell/command.js';
import type { Executor } from '../shell/executor.js';
import { ofLongReads } from '../shell/limits.js';
import type { Submodule } from '../tools/git/check-out.js';
import { git, reading } from '../tools/git/git.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { openGit } from '../tools/git/reads.js';

/** A filter of the user changes files on checkout; a job's checkout gets the stored files. */
export class FilteredFiles extends UserError {
  constructor(repository: string, filter: string, paths: readonly string[]) {
    const shown = paths.slice(0, 5).map((path) => `\n  ${path}`);
    const more = paths.length > shown.length ? `\n  … and ${paths.length - shown.length} more` : '';
    super(
      `In ${repository}, the git filter "${filter}" changes files on checkout, but a job's checkout gets the stored ones:${shown.join('')}${more}\nPut files that jobs need into a folder under "inputs" in parameters.json, outside of git.`,
      [ownLine('run', [], 'sees the files as they are here')],
    );
  }
}

interface Listed {
  readonly id: string;
  readonly size: number;
  /** Quoted by git. */
  readonly name: string;
}

/** Refuses a commit if a filter of this clone or of the user changes files on checkout. A filter that changes none of
 * them (such as one that only cleans) is allowed, and so is git LFS, which jobs' checkouts use. @throws
 * FilteredFiles */
export async function refuseFilteredFiles(
  executor: Executor,
  { repository, commit }: Pick<Submodule, 'repository' | 'commit'>,
): Promise<void> {
  for (const filter of await filtersOf(repository)) {
    const files = await filteredBy(executor, repository, commit, filter);
    const changed = await changedAmong(executor, repository, files);
    const paths = changed.map(({ name }) => unquoteName(name).toString());
    if (paths.length > 0) throw new FilteredFiles(repository, filter, paths);
  }
}

/** Names of the filters that write files of the working tree. */
async function filtersOf(repository: string): Promise<readonly string[]> {
  const settings = await openGit(repository).settings('filter\\..*\\.(smudge|process)');
  const names = [...settings.matchAll(/^filter\.(.+)\.(?:smudge|process) +(.+)$/gm)]
    .filter(([, name, program]) => name !== 'lfs' && program?.trim() !== 'cat')
    .map(([, name = '']) => name);
  return [...new Set(names)];
}

/** The files that the attributes in the commit give to the filter. */
async function filteredBy(
  executor: Executor,
  repository: string,
  commit: string,
  filter: string,
): Promise<readonly Listed[]> {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  try {
    const how = { ...reading, env: { ...reading.env, GIT_INDEX_FILE: join(folder, 'index') } };
    const ask = (...words: string[]): Command => git(repository, words, how);
    await executor.read(ask('read-tree', commit), ofLongReads);
    // In an empty working tree, attributes come only from the index and from this clone.
    const list = ask(
      `--work-tree=${folder}`,
      ...quotedNames,
      'ls-files',
      '--stage',
      '--',
      `:(top,attr:filter=${filter})`,
    );
    const listing = await executor.read(list, ofLongReads);
    const entries = listing.split('\n').filter((line) => line.startsWith('100'));
    const found = entries.map((line) => ({
      id: line.split(' ')[1] ?? '',
      name: line.slice(line.indexOf('\t') + 1),
    }));
    const sizes = await executor.read(
      {
        ...ask('cat-file', '--batch-check=%(objectsize)'),
        input: { text: found.map(({ id }) => `${id}\n`).join('') },
      },
      ofLongReads,
    );
    const lines = sizes.split('\n');
    return found.map((one, place) => ({ ...one, size: Number(lines[place]) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Those whose bytes in the working tree differ from the stored ones. */
async function changedAmong(
  executor: Executor,
  repository: string,
  files: readonly Listed[],
): Promise<readonly Listed[]> {
  const path = ({ name }: Listed) => Buffer.concat([Buffer.from(`${repository}/`), unquoteName(name)]);
  const isSameSize = (file: Listed) => lstatSync(path(file), { throwIfNoEntry: false })?.size === file.size;
  const alike = files.filter(isSameSize);
  if (alike.length === 0) return files;
  const hash = git(repository, ['hash-object', '--no-filters', '--stdin-paths'], reading);
  const ids = (
    await executor.read(
      { ...hash, input: { text: alike.map(({ name }) => `${name}\n`).join('') } },
      ofLongReads,
    )
  ).split('\n');
  const same = new Set(alike.filter(({ id }, place) => ids[place] === id));
  return files.filter((file) => !same.has(file));
}
