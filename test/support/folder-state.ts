import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Every path under a folder with a hash of its contents; git's own folder left out. Two that are equal had
 *  nothing written between them. */
export function stateOfFolder(root: string, path = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, path)).sort()) {
    if (name === '.git') continue;
    const inside = join(path, name);
    const kind = lstatSync(join(root, inside));
    if (kind.isDirectory()) Object.assign(found, { [`${inside}/`]: '' }, stateOfFolder(root, inside));
    else if (kind.isSymbolicLink()) found[inside] = readlinkSync(join(root, inside));
    else
      found[inside] = createHash('sha256')
        .update(readFileSync(join(root, inside)))
        .digest('hex');
  }
  return found;
}
