import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
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
import { readBounded } from './bounded-file.js';
import { repoint } from './moved-jobs.js';

// What this computer writes of an experiment's deployment stands in the user's home, not in the project: a tree can be
// copied, cloned, unpacked, or written by a job, and what is executed or believed must be none of that.
//
//   ~/.logistician/experiments/NAME-HASH/   HASH of the experiment folder's real path, and of how many were there before
//     folder          that path
//     key             what no clone can know
//     deployment.json, ssh_config, known_hosts, terraform/, queue/, jobs/RUN/, …
//
// The experiment's .logistician/ has links to these, for people, and the key. Of them only two things are read: where
// the links lead, and the key: a folder that has both, while the one of the state is gone, was moved. A copy has them
// too, but there the original stands; a clone could have links that it has guessed, and not the key.

/** How an experiment's folder stands to what this computer has written. */
export interface StateFolder {
  /** Absolute path of the folder in the user's home; it need not exist yet. */
  readonly folder: string;
  /** The experiment that this folder is a copy of, with whose deployment it has nothing to do; null: none. */
  readonly copyOf: string | null;
  /** The experiment was moved here since this computer looked last. */
  readonly hasMoved: boolean;
}

const keyFile = 'key';

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
  const known = { folder: existsSync(folder) ? realpathSync(folder) : folder, copyOf: null, hasMoved: false };
  if (existsSync(folder)) return known;
  const origin = originOf(home, experiment);
  const from = origin && readFolder(origin);
  if (!origin || !from) return known;
  if (existsSync(from)) return { ...known, copyOf: from };
  if (!hasKeyOf(origin, experiment)) return known;
  if (write) adopt(origin, real, folder);
  return { folder: origin, copyOf: null, hasMoved: true };
}

/** Makes the state's folder, for its owner alone. */
export function makeState({ folder }: StateFolder, experiment: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  noteFolder(folder, realPath(experiment));
  const key = join(folder, keyFile);
  if (!existsSync(key)) writeAtomically(key, `${randomBytes(16).toString('hex')}\n`);
}

/** Makes the links to the state in the experiment's .logistician, which is a folder, and puts the key beside them. Links
 *  that lead elsewhere came with a copy, or with the tree; a file is left alone. */
export function linkState({ folder }: StateFolder, experiment: string): void {
  const links = join(experiment, '.logistician');
  for (const name of linked) {
    const link = join(links, name);
    const target = join(folder, name);
    const found = leadsTo(link);
    if (found === target || (found === null && existsSync(link))) continue;
    putLink(target, link);
  }
  if (!hasKeyOf(folder, experiment)) {
    const key = readKey(join(folder, keyFile));
    if (key) writeAtomically(join(links, keyFile), key);
  }
}

/** In the place of another link, whole or not at all. */
function putLink(target: string, link: string): void {
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
    const known = existsSync(folder) ? readFolder(folder) : null;
    if (known === null || known === real) return folder;
  }
}

/** @param count of states whose experiments were here before */
function keyOf(real: string, count: number): string {
  const name =
    basename(real)
      .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
      .slice(0, 40) || 'experiment';
  const path = count === 0 ? real : `${real}\n${count}`;
  return `${name}-${createHash('sha256').update(path).digest('hex').slice(0, 10)}`;
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

/** Whether the tree has the key of that state. */
function hasKeyOf(state: string, experiment: string): boolean {
  const key = readKey(join(state, keyFile));
  return key !== null && readKey(join(experiment, '.logistician', keyFile)) === key;
}

function readKey(path: string): string | null {
  try {
    return lstatSync(path).isFile() ? (readBounded(path, 100)?.bytes.toString() ?? null) : null;
  } catch {
    return null;
  }
}

/** From now on the state is found from the new place too, and its jobs write there. Those at work have the state's old
 *  path in hand, so it stays. */
function adopt(state: string, real: string, folder: string): void {
  repoint(join(state, 'jobs'), join(real, 'runs'));
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
