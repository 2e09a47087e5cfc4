import { lstatSync, readFileSync } from 'node:fs';
import { UserError } from '../errors.js';
import { accessLines } from '../shell/access.js';
import { pasteable } from '../shell/word.js';
import { readBounded, UnreadableFile } from './bounded-file.js';
import type { Deployment } from './deployment.js';

/** A deployment.json in the tree that this computer did not write: only reported, never used. */
export interface ForeignDeployment {
  readonly path: string;
  /** A live deployment of version 0.1, which kept its state in the tree. */
  readonly isLiveOfVersion1: boolean;
  readonly target: string;
  readonly id: string;
}

/** The record cannot be opened, or is not a file. */
export class ClosedDeployment extends UserError {
  constructor(path: string, { reason, denied }: UnreadableFile) {
    const why = denied ? 'permission denied' : `it ${reason}`;
    super(`The record of the deployment cannot be read: ${path}: ${why}.`, accessLines(path));
  }
}

/** The record is damaged, or of another version. */
export class DamagedDeployment extends UserError {
  constructor(path: string, why: string) {
    super(`The record of the deployment cannot be read: ${path}: ${why}.`, [
      `${pasteable`mv ${path} ${path}.broken`}    # gives the deployment up: running jobs must then be stopped by hand`,
    ]);
  }
}

/** null: the file does not exist. @throws ClosedDeployment, DamagedDeployment */
export function readDeployment(path: string): Deployment | null {
  const text = textOf(path);
  if (text === null) return null;
  try {
    const found = JSON.parse(text) as Partial<Deployment> | null;
    if (found?.schema === 2 && Array.isArray(found.places) && Array.isArray(found.jobs))
      return found as Deployment;
  } catch {
    throw new DamagedDeployment(path, text.trim() === '' ? 'it is empty' : 'it is not complete JSON');
  }
  throw new DamagedDeployment(path, 'it is not a record of this version');
}

function textOf(path: string): string | null {
  try {
    return readBounded(path, largest)?.bytes.toString('utf8') ?? null;
  } catch (error) {
    if (error instanceof UnreadableFile) throw new ClosedDeployment(path, error);
    throw error;
  }
}

/** The maximum size of a record, in bytes. */
const largest = 64 * 2 ** 20;

/** The facts in such a file; null: it does not exist, is a link or too large. */
export function foreignAt(path: string): ForeignDeployment | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found?.isFile() || found.size > largest) return null;
  try {
    const { schema, released, target, id } = JSON.parse(readFileSync(path, 'utf8')) as Record<
      string,
      unknown
    >;
    return {
      path,
      isLiveOfVersion1: schema === 1 && released === null,
      target: typeof target === 'string' ? target : '',
      id: typeof id === 'string' && /^[\w-]{1,40}$/.test(id) ? id : '',
    };
  } catch {
    return { path, isLiveOfVersion1: false, target: '', id: '' };
  }
}
