import { createHash } from 'node:crypto';
import { submodulesAt } from './checkout.js';
import { entriesOf } from './listing.js';
import type { Project } from './project.js';

/** A hash of all source below a folder of the commit ('': all of it): names, modes and contents, except one file. It
 * differs if a submodule is not checked out here, because jobs then lack its files.
 * @param except the path of that file below the folder @throws MissingSubmoduleCommit */
export async function sourceId(
  project: Project,
  commit: string,
  except: string,
  folder = '',
): Promise<string> {
  const prefix = Buffer.from(folder === '' ? '' : `${folder}/`);
  const hash = createHash('sha256');
  const [entries, { absent }] = await Promise.all([
    entriesOf(project, commit),
    submodulesAt(project, commit),
  ]);
  for (const { facts, path } of entries) {
    if (facts.includes(' tree ') || !path.subarray(0, prefix.length).equals(prefix)) continue;
    const name = path.subarray(prefix.length);
    if (name.toString() !== except) hash.update(facts).update('\t').update(name).update('\0');
  }
  for (const path of absent.filter((one) => one.startsWith(prefix.toString())))
    hash.update(`absent\t${path}\0`);
  return hash.digest('hex');
}
