import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from '../../../shell/atomic-file.js';

// Which deployments this computer has made at AWS: ~/.logistician/deployments/ID names the folder with the record.

/** The tag that says who created something, as others may share the account. */
export const madeBy = 'logistician.by';

export const maker = (): string => `${userInfo().username}@${hostname()}`.replaceAll(/[^\w .:/=+@-]/g, '-');

const folderIn = (home: string) => join(home, '.logistician', 'deployments');

/** Written before anything is created.
 *  @param folder with the deployment's record */
export function noteDeployment(home: string, id: string, folder: string): void {
  const note = join(folderIn(home), id);
  if (existsSync(note) && readFileSync(note, 'utf8').trim() === folder) return;
  mkdirSync(folderIn(home), { recursive: true, mode: 0o700 });
  writeAtomically(note, `${folder}\n`);
}

/** The folder with the record of a deployment; null: it was not made on this computer. */
export function recordOf(home: string, id: string): string | null {
  const note = join(folderIn(home), id);
  return /^[\w-]+$/.test(id) && existsSync(note) ? readFileSync(note, 'utf8').trim() : null;
}

/** Whether a record on this computer says that the deployment still exists. One that cannot be read may say so. */
export function isRecorded(home: string, id: string): boolean {
  const folder = recordOf(home, id);
  const path = folder && join(folder, 'deployment.json');
  if (!path || !existsSync(path)) return false;
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as { id?: unknown; released?: unknown } | null;
    return record?.id === id && record.released === null;
  } catch {
    return true;
  }
}
