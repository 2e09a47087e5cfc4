import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { DeploymentStore } from '../runs/deployment.js';
import { writeAtomically } from '../shell/atomic-file.js';

// Which deployments this computer has made at AWS: ~/.logistician/deployments/ID names the folder with the record.

/** The tag that says who made something, as others may share the account. */
export const madeBy = 'logistician.by';

export const maker = (): string => `${userInfo().username}@${hostname()}`.replaceAll(/[^\w .:/=+@-]/g, '-');

const folderIn = (home: string) => join(home, '.logistician', 'deployments');

/** Written before anything is made.
 *  @param folder the experiment's `.logistician` */
export function noteDeployment(home: string, id: string, folder: string): void {
  const note = join(folderIn(home), id);
  if (existsSync(note) && readFileSync(note, 'utf8').trim() === folder) return;
  mkdirSync(folderIn(home), { recursive: true, mode: 0o700 });
  writeAtomically(note, `${folder}\n`);
}

/** Where the record of a deployment was; null: it was not made on this computer. */
export function recordOf(home: string, id: string): string | null {
  const note = join(folderIn(home), id);
  return /^[\w-]+$/.test(id) && existsSync(note) ? readFileSync(note, 'utf8').trim() : null;
}

/** Whether a record on this computer says that the deployment is still there. */
export function isRecorded(home: string, id: string): boolean {
  const folder = recordOf(home, id);
  if (folder === null) return false;
  const record = new DeploymentStore(join(folder, '..'), true).read();
  return record?.id === id && record.released === null;
}
