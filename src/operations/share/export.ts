import { existsSync, lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import { pasteable } from '../../shell/word.js';
import { pinCommit } from '../../source/pin.js';
import { openProject } from '../../source/project.js';
import { targetHere } from '../../targets/registry.js';
import type { Session } from '../session.js';
import { bundling, type Manifest, names, packing } from './archive.js';

/** Runs that cannot be given away as they are. */
export class CannotExport extends UserError {}

export interface Exported extends Manifest {
  /** Absolute path of the archive. */
  readonly file: string;
  readonly bytes: number;
}

/** Writes runs, with their commits, to an archive that `import` takes. @param folder the experiment's. @param given the
 * archive's path. @throws CannotExport, UnknownCommit, CommandFailed */
export async function exportRuns(
  session: Session,
  folder: string,
  records: readonly RunRecord[],
  given: string,
  force: boolean,
): Promise<Exported> {
  const { executor } = session;
  const file = resolve(given);
  refuse(records, file, force);
  const project = await openProject(folder);
  const commits = [...new Set(records.map(({ recipe }) => recipe.source.commit))];
  for (const commit of commits) await pinCommit(project, commit);
  const objects = (
    await project.git.raw('rev-parse', '--path-format=absolute', '--git-path', 'objects')
  ).trim();
  const [first] = records as [RunRecord];
  const manifest: Manifest = {
    schema: 1,
    logistician: session.version,
    experiment: first.experiment,
    path: first.recipe.experiment.path,
    remote: project.remote,
    runs: records.map(({ id }) => id),
    commits,
  };
  const scratch = mkdtempSync(join(tmpdir(), 'logistician-export-'));
  try {
    writeFileSync(join(scratch, names.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const line of bundling(objects, scratch, commits)) await executor.change(line);
    // Half of an archive must not be taken for one.
    await executor.change(packing(folder, scratch, manifest.runs, `${file}.part`));
    if (!executor.dryRun) renameSync(`${file}.part`, file);
  } finally {
    rmSync(`${file}.part`, { force: true });
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
  return { ...manifest, file, bytes: executor.dryRun ? 0 : lstatSync(file).size };
}

function refuse(records: readonly RunRecord[], file: string, force: boolean): void {
  if (records.length === 0) throw new CannotExport('No run was named.');
  const open = records.find((record) => !hasEnded(record));
  if (open) throw new CannotExport(`The run ${open.id} has not ended yet.`);
  const away = records.find(({ collected, target }) => collected === null && target !== targetHere);
  if (away)
    throw new CannotExport(`The results of ${away.id} were not collected from ${away.machine.name}.`, [
      'logistician sync',
    ]);
  if (existsSync(file) && !force)
    throw new CannotExport(`${file} exists, and is not replaced.`, [pasteable`rm ${file}`]);
}
