import { createHash } from 'node:crypto';
import { createReadStream, existsSync, lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RunRecord } from '../../runs/record.js';
import { type Command, command } from '../../shell/command.js';
import { isProgram } from '../../shell/programs.js';
import { lfsFolder } from '../../source/checkout.js';
import { largeFiles } from '../../source/missing-files.js';
import type { Project } from '../../source/project.js';
import type { Session } from '../session.js';
import { type LargeFilesHere, names } from './archive.js';
import { tame } from './tame.js';

export interface LargeFiles extends LargeFilesHere {
  readonly missing: readonly string[];
}

/** The files of git LFS that runs' commits name, each once; not those of submodules. @throws NoGitLfs */
export async function largeFilesOf(project: Project, records: readonly RunRecord[]): Promise<LargeFiles> {
  const folder = await lfsFolder(project.root);
  const commits = new Set(records.map(({ recipe }) => recipe.source.commit));
  const objects = new Set<string>();
  for (const commit of commits)
    for (const { object } of await largeFiles({ repository: project.root, commit })) objects.add(object);
  const isHere = (object: string) => existsSync(join(folder, names.objects, object));
  const all = [...objects];
  return { folder, here: all.filter(isHere), missing: all.filter((one) => !isHere(one)) };
}

/** Moves those that an unpacked archive has, and that are missing here, to where git LFS looks for them.
 * @param unpacked the archive's folder. @param refuse throws what is wrong with it */
export async function unpackLargeFiles(
  { executor }: Session,
  project: Project,
  records: readonly RunRecord[],
  unpacked: string,
  refuse: (why: string) => never,
): Promise<void> {
  const from = join(unpacked, names.objects);
  if (!isFolder(from) || !isProgram('git-lfs')) return;
  tame(from);
  const { folder, missing } = await largeFilesOf(project, records);
  const brought = missing.filter((object) => isFileBelow(from, object));
  for (const object of brought)
    if (!object.endsWith(`/${await sha256(join(from, object))}`))
      refuse(`a file of git LFS in it has other contents: ${object}`);
  if (brought.length > 0) await executor.change(moving(from, join(folder, names.objects), brought));
}

const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Not through a link. */
const isFileBelow = (from: string, object: string): boolean =>
  isFolder(join(from, dirname(dirname(object)))) &&
  isFolder(join(from, dirname(object))) &&
  (lstatSync(join(from, object), { throwIfNoEntry: false })?.isFile() ?? false);

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Beside the place first: from another disk a file would be there in part. */
const moving = (from: string, into: string, objects: readonly string[]): Command => ({
  ...command(
    'sh',
    '-c',
    'while IFS= read -r object; do mkdir -p "$(dirname "$2/$object")" && mv "$1/$object" "$2/$object.part" && mv "$2/$object.part" "$2/$object" || exit; done',
    'sh',
    from,
    into,
  ),
  input: { text: objects.map((object) => `${object}\n`).join('') },
});
