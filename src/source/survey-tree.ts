import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { quotedNames, unquoteName } from '../tools/git/names.js';
import { isHidden } from './hidden-edits.js';
import { isCheckedOut, nameable } from './look.js';
import type { Project } from './project.js';
import { beyondLimit, type Untracked } from './untracked.js';

/** The untracked files exceed the limit of a snapshot. */
export class LargeUntrackedFiles extends UserError {
  constructor(paths: readonly string[], root: string) {
    const shown = paths.slice(0, 10);
    const more = paths.length > shown.length ? `\n  … and ${paths.length - shown.length} more` : '';
    super(
      `A snapshot takes up to 50 MB of untracked files: they stay in git, and are copied to every machine. These exceed the limit:\n${shown.map((path) => `  ${path}`).join('\n')}${more}`,
      [
        `${ignoreLine(shown, root)}    # files that jobs need can be in a folder under "inputs" in parameters.json`,
      ],
    );
  }
}

/** The line that makes git ignore exactly them. */
const ignoreLine = (paths: readonly string[], root: string): string => {
  const patterns = paths.map((path) => `/${path.replaceAll(/[\\*?[]| $/g, '\\$&')}`);
  return `printf '%s\\n'${patterns.map((one) => pasteable` ${one}`).join('')} >> ${pasteable`${join(root, '.gitignore')}`}`;
};

/** A checked-out repository inside the working tree, and its commit in the index. */
interface Link {
  readonly path: string;
  readonly recorded: string | null;
}

/** The files that need a special treatment in a snapshot. */
interface Survey {
  /** Untracked files, and folders ending in a slash, that exceed the limit: names quoted by git. */
  readonly tooLarge: readonly string[];
  readonly links: readonly Link[];
  /** Lines of the index about files whose changes git was told to ignore. */
  readonly hidden: readonly string[];
}

export async function survey(project: Project): Promise<Survey> {
  const list = ['ls-files', '-v', '--stage', '--others', '--exclude-standard'];
  const listing = await project.git.raw(...quotedNames, ...list);
  const untracked: Untracked[] = [];
  const hidden: string[] = [];
  const links = new Map<string, string | null>();
  for (const tagged of listing.split('\n')) {
    if (tagged === '') continue;
    const line = tagged.slice('H '.length);
    // A listed name contains no tab; an index entry has its name after one.
    const tab = line.indexOf('\t');
    if (tab >= 0 && !line.startsWith('160000 ')) {
      if (isHidden(project.root, tagged)) hidden.push(line);
      continue;
    }
    const name = line.slice(tab + 1);
    const bytes = unquoteName(name);
    if (tab >= 0) links.set(nameable(bytes, project.root), line.split(' ')[1] ?? null);
    else if (bytes.at(-1) === slash) links.set(bytes.toString().slice(0, -1), null);
    else untracked.push({ name, size: sizeOf(project.root, bytes) });
  }
  const checkedOut = [...links].filter(([path]) => isCheckedOut(project.root, path));
  if (hidden.length > 0) hiding.add(project);
  const tooLarge = beyondLimit(untracked, () => trackedIn(listing));
  return { tooLarge, hidden, links: checkedOut.map(([path, recorded]) => ({ path, recorded })) };
}

/** Projects with changes that git's status hides, as found so far. */
const hiding = new WeakSet<Project>();

export const hidesChanges = (project: Project): boolean => hiding.has(project);

/** Names of the files in the index. */
const trackedIn = (listing: string): string[] =>
  listing.split('\n').flatMap((line) => {
    const tab = line.indexOf('\t');
    return tab < 0 ? [] : [line.slice(tab + 1)];
  });

const slash = '/'.charCodeAt(0);

const sizeOf = (root: string, path: Buffer) =>
  lstatSync(Buffer.concat([Buffer.from(`${root}/`), path]), { throwIfNoEntry: false })?.size ?? 0;
