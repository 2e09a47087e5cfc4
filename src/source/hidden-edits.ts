import { lstatSync } from 'node:fs';
import type { Executor } from '../shell/executor.js';
import { ofLongReads } from '../shell/limits.js';
import { git, reading } from '../tools/git/git.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { lookAt } from './look.js';
import type { Project } from './project.js';

/** Whether git was told to ignore changes of a file: it is marked assume-unchanged, or skip-worktree although it exists
 * (in a sparse checkout this mark means that it does not).
 * @param tagged a line of `ls-files -v --stage` */
export function isHidden(root: string, tagged: string): boolean {
  const tag = tagged.charAt(0);
  if (tag === 'h') return true;
  return /^s$/i.test(tag) && fileAt(root, tagged.slice(tagged.indexOf('\t') + 1)) !== undefined;
}

const fileAt = (root: string, name: string) =>
  lstatSync(Buffer.concat([Buffer.from(`${root}/`), unquoteName(name)]), { throwIfNoEntry: false });

/** Paths of files that git's status reports as unchanged, although their contents differ from the index. */
export async function hiddenEdits(project: Project, executor: Executor): Promise<readonly string[]> {
  const listing = await project.git.raw(...quotedNames, 'ls-files', '-v', '--stage');
  const hidden = listing.split('\n').filter((line) => line !== '' && isHidden(project.root, line));
  if (hidden.length === 0) return [];
  const entries = hidden.map((line) => ({
    id: line.split(' ')[2] ?? '',
    name: line.slice(line.indexOf('\t') + 1),
  }));
  const files = entries.filter(({ name }) => fileAt(project.root, name)?.isFile());
  const { settings } = await lookAt(project.root);
  const hash = git(project.root, ['hash-object', '--stdin-paths'], {
    ...reading,
    settings: [...reading.settings, ...settings],
  });
  const text = files.map(({ name }) => `${name}\n`).join('');
  const { stdout } = await executor.query({ ...hash, input: { text } }, ofLongReads);
  const ids = stdout.split('\n');
  const same = new Set(files.filter(({ id }, place) => ids[place] === id));
  return entries.filter((entry) => !same.has(entry)).map(({ name }) => unquoteName(name).toString());
}
