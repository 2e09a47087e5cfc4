import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import type { Deployment } from './deployment.js';

/** A deployment.json in the tree that this computer did not write: data, at most to be told of. */
export interface ForeignDeployment {
  readonly path: string;
  /** Made by version 0.1, which kept its state in the tree, and not yet released. */
  readonly isLiveOfVersion1: boolean;
  readonly target: string;
  readonly id: string;
}

/** null: there is no such file. @throws UserError if it cannot be read, with how to give it up */
export function readDeployment(path: string): Deployment | null {
  if (!existsSync(path)) return null;
  let problem = 'it is not a record of this version';
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Deployment> | null;
    if (found?.schema === 2 && Array.isArray(found.places) && Array.isArray(found.jobs))
      return found as Deployment;
  } catch (error) {
    problem = (error as Error).message;
  }
  throw new UserError(`The record of the deployment cannot be read: ${path}: ${problem}.`, [
    pasteable`ls -l ${path}`,
    `${pasteable`mv ${path} ${path}.broken`}    # gives the deployment up: what runs is then ended by hand`,
  ]);
}

/** More than this, in bytes, is no record. */
const largest = 64 * 2 ** 20;

/** What the file says of itself; null: there is none, or it is a link or too large. */
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
