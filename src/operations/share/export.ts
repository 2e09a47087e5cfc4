import { existsSync, lstatSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { count } from '../../phrases.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import { pasteable } from '../../shell/word.js';
import { checkoutOf, lfsStorage } from '../../source/checkout.js';
import { openProject, type Project } from '../../source/project.js';
import { targetHere } from '../../targets/registry.js';
import { refuseMissingCommit } from '../reproduce/commit-here.js';
import type { Session } from '../session.js';
import { bundling, type Manifest, names, packing } from './archive.js';
import { packInputs } from './inputs.js';
import { type LargeFiles, largeFilesOf } from './large-files.js';

/** Runs that cannot be given away as they are. */
export class CannotExport extends UserError {}

export interface Exported extends Manifest {
  /** Absolute path of the archive; null: it went to standard output. */
  readonly file: string | null;
  readonly bytes: number;
}

/** What an archive has beside runs and commits, and whether it replaces a file. */
export interface ExportRequest {
  /** The archive's path; null: standard output. */
  readonly file: string | null;
  readonly force: boolean;
  readonly inputs: boolean;
}

/** Writes runs, with their commits, to an archive that `import` takes. @param folder the experiment's. @throws
 * CannotExport, UnknownCommit, CommandFailed */
export async function exportRuns(
  session: Session,
  folder: string,
  records: readonly RunRecord[],
  { file: given, force, inputs: withInputs }: ExportRequest,
): Promise<Exported> {
  const { executor } = session;
  refuse(records);
  const file = given === null ? null : resolve(given);
  if (file !== null) refuseFile(file, force);
  const project = await openProject(folder);
  const commits = [...new Set(records.map(({ recipe }) => recipe.source.commit))];
  for (const record of records) await refuseMissingCommit(project, record);
  const objects = (
    await project.git.raw('rev-parse', '--path-format=absolute', '--git-path', 'objects')
  ).trim();
  const [first] = records as [RunRecord];
  const described: Manifest = {
    schema: 1,
    logistician: session.version,
    experiment: first.experiment,
    path: first.recipe.experiment.path,
    remote: project.remote,
    runs: records.map(({ id }) => id),
    commits,
  };
  const usesLfs = (await lfsStorage(project.root)) !== null;
  const large = await largeFilesOf(project, usesLfs ? records : []);
  await tellOfLeftOut(session, project, records, withInputs);
  tellOfLargeFiles(session, large, withInputs);
  const scratch = mkdtempSync(join(tmpdir(), 'logistician-export-'));
  try {
    const inputs = withInputs
      ? await packInputs(session, join(folder, 'runs'), records, join(scratch, names.inputs))
      : [];
    const manifest = { ...described, ...(inputs.length > 0 && { inputs }) };
    writeFileSync(join(scratch, names.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const line of bundling(objects, scratch, commits)) await executor.change(line);
    // Half of an archive must not be taken for one.
    const part = file === null ? null : `${file}.part`;
    await executor.change(
      packing(folder, scratch, manifest.runs, part, {
        inputs: inputs.length > 0,
        large: withInputs ? large : { ...large, here: [] },
      }),
      {
        stdout: 'inherit',
      },
    );
    if (file === null || executor.dryRun) return { ...manifest, file, bytes: 0 };
    renameSync(`${file}.part`, file);
    return { ...manifest, file, bytes: lstatSync(file).size };
  } finally {
    if (file !== null) rmSync(`${file}.part`, { force: true });
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

function refuse(records: readonly RunRecord[]): void {
  if (records.length === 0) throw new CannotExport('No run was named.');
  const open = records.find((record) => !hasEnded(record));
  if (open) throw new CannotExport(`The run ${open.id} has not ended yet.`);
  const away = records.find(({ collected, target }) => collected === null && target !== targetHere);
  if (away)
    throw new CannotExport(`The results of ${away.id} were not collected from ${away.machine.name}.`, [
      'logistician sync',
    ]);
}

function refuseFile(file: string, force: boolean): void {
  if (isFolder(file)) throw new CannotExport(`${file} is a folder: name the file in it, such as run.tar.`);
  if (!isFolder(dirname(file)))
    throw new CannotExport(`There is no folder ${dirname(file)} for the file.`, [
      pasteable`mkdir -p ${dirname(file)}`,
    ]);
  if (existsSync(file) && !force)
    throw new CannotExport(`${file} exists, and is not replaced.`, [pasteable`rm ${file}`]);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** What the runs need that is not in the archive, with what brings it to the other clone. */
async function tellOfLeftOut(
  { notify }: Session,
  project: Project,
  records: readonly RunRecord[],
  withInputs: boolean,
): Promise<void> {
  const told = new Set<string>();
  for (const { id, recipe } of records) {
    if (recipe.continues)
      told.add(
        `Not in the file: /data/state of ${recipe.continues.run}, from which ${id} continued: without it no other clone reproduces that run.`,
      );
    if (!withInputs)
      for (const [name, { path }] of Object.entries(recipe.inputs))
        told.add(`Not in the file: the input "${name}", ${path}. --inputs adds it.`);
    const { submodules } = await checkoutOf(project, recipe.source.commit);
    for (const { path } of submodules)
      told.add(
        `Not in the file: the submodule ${path}. The other clone gets it with \`git submodule update --init --recursive\`, if its commit is at its remote.`,
      );
  }
  for (const one of told) notify.note(one);
}

function tellOfLargeFiles({ notify }: Session, { here, missing }: LargeFiles, withInputs: boolean): void {
  const left = withInputs ? missing : [...here, ...missing];
  const added = withInputs || here.length === 0 ? '' : ' --inputs adds those that are here.';
  if (left.length > 0)
    notify.note(
      `Not in the file: ${count(left.length, 'file')} of git LFS.${added} The other clone gets them with \`git lfs fetch --all\`, if they are at the remote: \`git lfs push --all origin\`.`,
    );
}
