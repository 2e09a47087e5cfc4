import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';

/** Only files, folders and links, all of which the user may read and change. A pipe would hang who reads it. */
export function tame(path: string | Buffer): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return;
  if (found.isDirectory()) {
    chmodSync(path, (found.mode & 0o777) | 0o700);
    for (const name of readdirSync(path, { encoding: 'buffer' }))
      tame(Buffer.concat([Buffer.from(path as string), Buffer.from('/'), name]));
  } else if (found.isFile()) chmodSync(path, (found.mode & 0o777) | 0o600);
  else rmSync(path);
}
