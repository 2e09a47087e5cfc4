import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Checks, without writing, that the folder can be written to or created, before long work starts. @throws the system's
 * error, with the folder's path */
export function verifyWritable(folder: string): void {
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  accessSync(nearest, constants.W_OK | constants.X_OK);
}
