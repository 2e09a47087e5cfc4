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
import { readDeployment } from './deployment-file.js';
import { repoint } from './moved-jobs.js';

// This computer's records of an experiment's deployment are in the user's home, not in the project: a tree can be
// copied, cloned, unpacked, or written by a job, so nothing in it may be executed or trusted.
//
//   ~/.logistician/experiments/NAME-HASH/   HASH of the experiment folder's real path, and of the number of earlier ones
//     folder          that path
//     inode           the number of the folder there, which it keeps where it is moved on its disk
//     key             a secret that no clone can know
//     deployment.json, ssh_config, known_hosts, terraform/, queue/, jobs/RUN/, …
//
// The experiment's .logistician/ has links to these, for users, and the key. Only two things in it are read: the targets
// of the links, and the key. A folder that has both was moved, if the folder named in the state is gone. A copy has both,
// too, but then the original still exists; a clone could guess the links, but not the key. A folder at that path that has
// neither the key nor the number is another one, made after a move, or made again.

/** The state that belongs to an experiment's folder. */
export interface StateFolder {
  /** Absolute path of the folder in the user's home; it need not exist yet. */
  readonly folder: string;
  /** The experiment of which this folder is a copy, without sharing its deployment; null: none. */
  readonly copyOf: string | null;
  /** Whether the experiment was moved here since the last command. */
  readonly hasMoved: boolean;
  /** Whether its live deployment is that of another folder, which was at this path before. */
  readonly isAnothers: boolean;
}

export const keyFile = 'key';

const folderFile = 'folder';

const inodeFile = 'inode';

/** Names in `.logistician/`, for users. */
const linked = [
  'deployment.json',
  'commands.sh',
  'ssh_config',
  'known_hosts',
  'machines.txt',
  'terraform',
] as const;

export const experimentsFolder = (home: string): string => join(home, '.logistician', 'experiments');

/** Finds the state of the experiment in a folder, after a move by the links in it.
 * @param write false: writes nothing, and does not record a move */
export function findState(home: string, experiment: string, write: boolean): StateFolder {
  const real = realPath(experiment);
  const folder = ownFolder(home, real);
  const known = {
    folder: existsSync(folder) ? realpathSync(folder) : folder,
    copyOf: null,
    hasMoved: false,
    isAnothers: isAnothers(folder, real),
  };
  if (existsSync(folder)) return known;
  const origin = originOf(home, experiment);
  const from = origin && readFolder(origin);
  if (!origin || !from) return known;
  if (existsSync(from) && !isAnothers(origin, from)) return { ...known, copyOf: from };
  if (!hasKeyOf(origin, experiment)) return known;
  if (write) adopt(origin, real, folder);
  return { ...known, folder: origin, hasMoved: true };
}

/** Whether that state is certainly not of the folder that is at its experiment's path now. */
function isAnothers(state: string, real: string): boolean {
  const inode = textOf(join(state, inodeFile));
  return inode !== null && inode !== inodeOf(real) && !hasKeyOf(state, real);
}

function isLive(state: string): boolean {
  try {
    return readDeployment(join(state, 'deployment.json'))?.released === null;
  } catch {
    return true;
  }
}

const inodeOf = (path: string): string | undefined =>
  statSync(path, { throwIfNoEntry: false, bigint: true })?.ino.toString();

/** Creates the state's folder, readable by its owner only. */
export function makeState({ folder }: StateFolder, experiment: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  noteFolder(folder, realPath(experiment));
  const key = join(folder, keyFile);
  if (!existsSync(key)) writeAtomically(key, `${randomBytes(16).toString('hex')}\n`);
}

/** Creates the links to the state in the experiment's .logistician, which is a folder, and the key beside them. Links
 * to other places came with a copy, or with the tree, and are replaced; files are left alone. */
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

/** Replaces another link atomically. */
function putLink(target: string, link: string): void {
  const fresh = `${link}.${process.pid}.new`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** The experiment folder named in a state; null: none. */
export const readFolder = (state: string): string | null => textOf(join(state, folderFile));

const textOf = (note: string): string | null =>
  existsSync(note) ? readFileSync(note, 'utf8').replace(/\n$/, '') : null;

function noteFolder(state: string, real: string): void {
  const notes = { [folderFile]: real, [inodeFile]: inodeOf(real) };
  for (const [name, text] of Object.entries(notes))
    if (text !== undefined && textOf(join(state, name)) !== text)
      writeAtomically(join(state, name), `${text}\n`);
}

/** The present or future folder of the state of an experiment at this path. The state of an earlier experiment here,
 * which was moved away, keeps its folder and is skipped; one with a live deployment, until that is looked at where it was
 * moved: the folder here may be the same experiment, made again. */
function ownFolder(home: string, real: string): string {
  for (let count = 0; ; count++) {
    const folder = join(experimentsFolder(home), keyOf(real, count));
    const known = existsSync(folder) ? readFolder(folder) : null;
    if (known === null || (known === real && (!isAnothers(folder, real) || isLive(folder)))) return folder;
  }
}

/** @param count the number of states whose experiments were here earlier */
function keyOf(real: string, count: number): string {
  const name =
    basename(real)
      .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
      .slice(0, 40) || 'experiment';
  const path = count === 0 ? real : `${real}\n${count}`;
  return `${name}-${createHash('sha256').update(path).digest('hex').slice(0, 10)}`;
}

/** The state to which the links in the tree lead, if it is in this home; null: none. */
function originOf(home: string, experiment: string): string | null {
  const target = leadsTo(join(experiment, '.logistician', linked[0]));
  if (target === null) return null;
  const state = dirname(resolve(join(experiment, '.logistician'), target));
  return existsSync(state) && dirname(realpathSync(state)) === realPath(experimentsFolder(home))
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

/** Makes the state known under the new path, too, and lets its jobs write there. The old path stays, because running
 * jobs use it. */
function adopt(state: string, real: string, folder: string): void {
  repoint(join(state, 'jobs'), join(real, 'runs'));
  noteFolder(state, real);
  try {
    symlinkSync(basename(state), folder);
  } catch (error) {
    // Another process may do the same at the same time.
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
