import { chmodSync, existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { readBounded, UnreadableFile } from '../../runs/bounded-file.js';
import { ignoreFromGit } from '../../runs/ignored-folder.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import { isRunId } from '../../runs/run-id.js';
import { RunStore } from '../../runs/store.js';
import { makeWorkFolder } from '../../runs/work-folder.js';
import { keepPin } from '../../source/keep.js';
import { openProject, type Project } from '../../source/project.js';
import type { Session } from '../session.js';
import { dropping, fetching, type Manifest, names, unpacking } from './archive.js';

/** A file that is no archive of runs, or has in it what none has. */
export class NoExport extends UserError {
  constructor(file: string, why: string) {
    super(`${file} cannot be imported: ${why}.`);
  }
}

export interface Imported {
  /** Ids of the runs that are here now. */
  readonly runs: readonly string[];
  /** Those that were here before, and were left as they are. */
  readonly known: readonly string[];
  readonly commits: readonly string[];
}

/** Folders in runs/ that an archive is unpacked in begin so. */
export const importing = '.import';

/** Adds the runs of an archive to an experiment. What another person wrote is data: nothing of it is executed, put
 * outside of runs/, or put over something.
 * @param folder the experiment's. @throws NoExport, CommandFailed */
export async function importRuns(session: Session, folder: string, given: string): Promise<Imported> {
  const { executor } = session;
  const file = resolve(given);
  if (!existsSync(file)) throw new NoExport(file, 'there is no such file');
  const store = new RunStore(folder, executor.dryRun);
  store.refuseLinks();
  const project = await openProject(folder);
  if (executor.dryRun) {
    await executor.change(unpacking(file, join(store.folder, '.import')));
    return { runs: [], known: [], commits: [] };
  }
  ignoreFromGit(store.folder);
  // On the same disk as runs/, so that a run appears there whole.
  const work = makeWorkFolder(join(store.folder, importing));
  const scratch = work.path;
  try {
    await executor.change(unpacking(file, scratch));
    const manifest = readManifest(file, scratch);
    const records = runsIn(file, scratch);
    const commits = await bringCommits(session, project, join(scratch, names.bundle), records);
    const known = manifest.runs.filter((run) => existsSync(store.pathOf(run)));
    const fresh = records.filter(({ id }) => !known.includes(id));
    for (const { id } of fresh) renameSync(join(scratch, names.runs, id), store.pathOf(id));
    return { runs: fresh.map(({ id }) => id), known, commits };
  } finally {
    work.remove();
  }
}

/** @throws NoExport */
function readManifest(file: string, scratch: string): Manifest {
  const text = textOf(join(scratch, names.manifest));
  if (text === null) throw new NoExport(file, 'it is no archive of `logistician export`');
  try {
    const found = JSON.parse(text) as Partial<Manifest> | null;
    if (found?.schema !== 1) throw new NoExport(file, 'another version of logistician wrote it');
    if (found.runs?.every((run) => isRunId(run))) return found as Manifest;
  } catch (error) {
    if (error instanceof UserError) throw error;
  }
  throw new NoExport(file, `its ${names.manifest} is damaged`);
}

/** null: there is no such file. */
function textOf(path: string): string | null {
  try {
    return readBounded(path)?.bytes.toString('utf8') ?? null;
  } catch (error) {
    if (error instanceof UnreadableFile) return null;
    throw error;
  }
}

/** The receipts of the runs that are in it. @throws NoExport */
function runsIn(file: string, scratch: string): RunRecord[] {
  const folder = join(scratch, names.runs);
  refuseWithoutRuns(file, folder);
  const store = new RunStore(scratch, true);
  return readdirSync(folder).map((id) => {
    if (!isRunId(id)) throw new NoExport(file, `${id} in it is no id of a run`);
    const run = join(folder, id);
    for (const name of ['', 'data', 'run.json', 'parameters.json'])
      if (lstatSync(join(run, name), { throwIfNoEntry: false })?.isSymbolicLink())
        throw new NoExport(file, `${id}/${name} in it is a link`);
    tame(run);
    const record = receiptIn(file, store, id);
    if (!record) throw new NoExport(file, `${id} in it has no receipt`);
    if (!hasEnded(record)) throw new NoExport(file, `the run ${id} in it has not ended`);
    return record;
  });
}

/** Its path would be of a folder that is gone. @throws NoExport */
function receiptIn(file: string, store: RunStore, id: string): RunRecord | null {
  try {
    return store.read(id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new NoExport(file, `the receipt of ${id} in it is damaged, of another run or of a newer version`);
  }
}

function refuseWithoutRuns(file: string, folder: string): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new NoExport(file, 'it has no runs');
}

/** Only files, folders and links, all of which the user may read and change. A pipe would hang who reads it. */
function tame(path: string | Buffer): void {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return;
  if (found.isDirectory()) {
    chmodSync(path, (found.mode & 0o777) | 0o700);
    for (const name of readdirSync(path, { encoding: 'buffer' }))
      tame(Buffer.concat([Buffer.from(path as string), Buffer.from('/'), name]));
  } else if (found.isFile()) chmodSync(path, (found.mode & 0o777) | 0o600);
  else rmSync(path);
}

/** Brings the commits of the runs into the project, and protects them as those of runs here.
 * @returns those that are here now. @throws NoExport, CommandFailed */
async function bringCommits(
  session: Session,
  project: Project,
  bundle: string,
  records: readonly RunRecord[],
): Promise<string[]> {
  const { executor } = session;
  const wanted = [...new Set(records.map(({ recipe }) => recipe.source.commit))];
  const missing: string[] = [];
  for (const commit of wanted) if (!(await isHere(project, commit))) missing.push(commit);
  if (missing.length === 0) return wanted;
  const refs = 'refs/logistician/imported';
  await executor.change(fetching(project.root, bundle, refs));
  const brought = (await project.git.raw('for-each-ref', '--format=%(refname)', refs))
    .split('\n')
    .filter(Boolean);
  try {
    for (const commit of missing) {
      if (!(await isHere(project, commit))) throw new NoExport(bundle, `the commit ${commit} is not in it`);
      await keepPin(project, executor, { commit });
    }
  } finally {
    if (brought.length > 0) await executor.change(dropping(project.root, brought));
  }
  return wanted;
}

const isHere = ({ git }: Project, commit: string): Promise<boolean> =>
  git.raw('cat-file', '-e', `${commit}^{commit}`).then(
    () => true,
    () => false,
  );
