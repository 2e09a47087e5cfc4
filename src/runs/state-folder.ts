import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { writeAtomically } from '../shell/atomic-file.js';

// What this computer writes of an experiment's deployment stands in the user's home, not in the project: a tree can be
// copied, cloned, unpacked, or written by a job, and what is executed or believed must be none of that.
//
//   ~/.logistician/experiments/NAME-HASH/   HASH of the experiment folder's real path, and of how many were there before
//     folder          that path
//     deployment.json, ssh_config, known_hosts, terraform/, queue/, jobs/RUN/, …
//
// The experiment's .logistician/ has links to these, for people. Of them only one thing is read: where they lead,
// which tells a folder that was moved from a copy.

/** How an experiment's folder stands to what this computer has written. */
export interface StateFolder {
  /** Absolute path of the folder in the user's home; it need not exist yet. */
  readonly folder: string;
  /** The experiment that this folder is a copy of, with whose deployment it has nothing to do; null: none. */
  readonly copyOf: string | null;
}

const folderFile = 'folder';

/** Names in `.logistician/` for people. */
const linked = [
  'deployment.json',
  'commands.sh',
  'ssh_config',
  'known_hosts',
  'machines.txt',
  'terraform',
] as const;

export const experimentsIn = (home: string): string => join(home, '.logistician', 'experiments');

/** The state of the experiment in a folder. One that was moved is found by the links that went with it.
 *  @param write false: nothing is written, a move is not noted */
export function findState(home: string, experiment: string, write: boolean): StateFolder {
  const real = realPath(experiment);
  const folder = ownFolder(home, real);
  if (existsSync(folder)) {
    const state = realpathSync(folder);
    if (write) noteFolder(state, real);
    return { folder: state, copyOf: null };
  }
  const origin = originOf(home, experiment);
  const known = origin && readFolder(origin);
  if (!origin || !known) return { folder, copyOf: null };
  if (isStillAt(known, origin)) return { folder, copyOf: known };
  if (write) adopt(origin, real, folder);
  return { folder: origin, copyOf: null };
}

/** Makes the state's folder, for its owner alone, and the links to it in the tree.
 *  @returns the experiment's .logistician, which git does not see */
export function makeState({ folder }: StateFolder, experiment: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  noteFolder(folder, realPath(experiment));
  for (const name of linked) putLink(join(folder, name), join(experiment, '.logistician', name));
}

/** Replaces a link to another state, as a copied folder has it; leaves what is no link. */
function putLink(target: string, link: string): void {
  if (leadsTo(link) === target || (leadsTo(link) === null && existsSync(link))) return;
  const fresh = `${link}.${process.pid}.new`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** The folder of the experiment that a state is of; null: it says none. */
export function readFolder(state: string): string | null {
  const note = join(state, folderFile);
  return existsSync(note) ? readFileSync(note, 'utf8').replace(/\n$/, '') : null;
}

function noteFolder(state: string, real: string): void {
  if (readFolder(state) !== real) writeAtomically(join(state, folderFile), `${real}\n`);
}

/** Where the state of an experiment at this path is, or will be. One that was here before may have been moved away, and
 *  its state kept its place: that is passed over. */
function ownFolder(home: string, real: string): string {
  for (let count = 0; ; count++) {
    const folder = join(experimentsIn(home), keyOf(real, count));
    if (!existsSync(folder)) return folder;
    const known = readFolder(folder);
    if (known === null || known === real || !isStillAt(known, realpathSync(folder))) return folder;
  }
}

/** @param count of states whose experiments were here before */
function keyOf(real: string, count: number): string {
  const name =
    basename(real)
      .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
      .slice(0, 40) || 'experiment';
  return `${name}-${createHash('sha256')
    .update(count === 0 ? real : `${real}\n${count}`)
    .digest('hex')
    .slice(0, 10)}`;
}

/** The state that the links in the tree lead to, if it is one of this home; null: none. */
function originOf(home: string, experiment: string): string | null {
  const target = leadsTo(join(experiment, '.logistician', linked[0]));
  if (target === null) return null;
  const state = dirname(resolve(join(experiment, '.logistician'), target));
  return existsSync(state) && dirname(realpathSync(state)) === realPath(experimentsIn(home))
    ? realpathSync(state)
    : null;
}

/** Another folder that has its links to the state stands where the state says: that one is the original. */
const isStillAt = (known: string, state: string): boolean =>
  leadsTo(join(known, '.logistician', linked[0])) === join(state, linked[0]);

/** From now on the state is found from the new place too. Jobs at work have its old path in hand, so it stays. */
function adopt(state: string, real: string, folder: string): void {
  noteFolder(state, real);
  try {
    symlinkSync(basename(state), folder);
  } catch (error) {
    // Another process has found it at this moment, too.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function leadsTo(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}

function realPath(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : resolve(path);
}
