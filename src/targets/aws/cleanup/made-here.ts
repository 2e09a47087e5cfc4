import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { currentUser } from '../../../machines/user.js';
import { writeAtomically } from '../../../shell/atomic-file.js';

// The deployments that this computer created at AWS: ~/.logistician/deployments/ID names the folder with the record.

/** The tag with the creator of a resource: others may share the account. */
export const madeBy = 'logistician.by';

export const maker = (): string => `${currentUser().name}@${hostname()}`.replaceAll(/[^\w .:/=+@-]/g, '-');

const folderIn = (home: string) => join(home, '.logistician', 'deployments');

/** Written before anything is created. @param folder that of the deployment's record */
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

/** Whether a record on this computer may name the deployment as existing; an unreadable record may. */
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
