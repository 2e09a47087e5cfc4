import { existsSync, lstatSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { readBounded, UnreadableFile } from '../../runs/bounded-file.js';
import { ignoreFromGit } from '../../runs/ignored-folder.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import { isRunId } from '../../runs/run-id.js';
import { RunStore } from '../../runs/store.js';
import { makeWorkFolder } from '../../runs/work-folder.js';
import { CommandFailed, type Executor } from '../../shell/executor.js';
import { keepPin } from '../../source/keep.js';
import { openProject, type Project } from '../../source/project.js';
import { experimentAt, isExperimentFolder } from '../experiments-in.js';
import { NoExperiment, NoSuchFolder } from '../read-experiment.js';
import { lacksOf } from '../reproduce/lacks.js';
import type { Session } from '../session.js';
import { dropping, fetching, type Manifest, names, type PackedInput, unpacking } from './archive.js';
import { unpackInputs } from './inputs.js';
import { unpackLargeFiles } from './large-files.js';
import { tame } from './tame.js';

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
  if (statSync(file).isDirectory()) throw new NoExport(file, 'it is a folder');
  const store = new RunStore(folder, executor.dryRun);
  if (!existsSync(folder)) throw new NoSuchFolder(folder);
  if (!isExperimentFolder(folder)) throw new NoExperiment(folder, 'parameters.json');
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
    await unpack(executor, file, scratch);
    const manifest = readManifest(file, scratch);
    const records = runsIn(file, scratch);
    const own = experimentAt(folder)?.name ?? null;
    if (own !== null && records.some(({ experiment }) => experiment !== own))
      session.notify.warn(
        `These are runs of the experiment ${records[0]?.experiment}, and this one is ${own}.`,
      );
    const commits = await bringCommits(session, project, join(scratch, names.bundle), records);
    const inputs = inputsIn(file, manifest);
    await unpackInputs(session, { folder: scratch, runs: store.folder, inputs }, records, (why) => {
      throw new NoExport(file, why);
    });
    await unpackLargeFiles(session, project, records, scratch, (why) => {
      throw new NoExport(file, why);
    });
    const known = manifest.runs.filter((run) => existsSync(store.pathOf(run)));
    const fresh = records.filter(({ id }) => !known.includes(id));
    for (const { id } of fresh) renameSync(join(scratch, names.runs, id), store.pathOf(id));
    await warnOfLacks(session, project, store.folder, fresh);
    return { runs: fresh.map(({ id }) => id), known, commits };
  } finally {
    work.remove();
  }
}

/** @throws NoExport, CommandFailed for a full disk */
async function unpack(executor: Executor, file: string, into: string): Promise<void> {
  try {
    await executor.change(unpacking(file, into));
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.outcome.stderr.includes('No space left')) throw error;
    const [said = 'it failed'] = error.outcome.stderr.trim().split('\n');
    throw new NoExport(file, `it is no tar file, or not a whole one (${said})`);
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

/** @throws NoExport */
function inputsIn(file: string, { inputs = [] }: Manifest): readonly PackedInput[] {
  const areSound =
    Array.isArray(inputs) &&
    inputs.every((one: Partial<PackedInput> | null) => /^[0-9a-f]{64}$/.test(String(one?.hash)));
  if (!areSound) throw new NoExport(file, `its ${names.manifest} is damaged`);
  return inputs;
}

/** What is not here that the runs need to be reproduced, each once, with the lines that bring it. */
async function warnOfLacks(
  session: Session,
  project: Project,
  runs: string,
  records: readonly RunRecord[],
): Promise<void> {
  const lacks = new Map<string, UserError>();
  for (const record of records)
    for (const lack of await lacksOf(session, project, runs, record)) lacks.set(lack.message, lack);
  if (lacks.size === 0) return;
  const lines = [...lacks.values()].flatMap(({ message, suggestions }) => [
    message,
    ...suggestions.flatMap((line) => (typeof line === 'string' ? `  ${line}` : [])),
  ]);
  session.notify.warn(['To reproduce them, bring what is not here:', ...lines].join('\n'));
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
    const link = ['', ...namesIn(run), ...namesIn(join(run, 'data')).map((name) => `data/${name}`)].find(
      (name) => lstatSync(join(run, name)).isSymbolicLink(),
    );
    if (link !== undefined) throw new NoExport(file, `${id}/${link} in it is a link`);
    tame(run);
    const record = receiptIn(file, store, id);
    if (!record) throw new NoExport(file, `${id} in it has no receipt`);
    if (!hasEnded(record)) throw new NoExport(file, `the run ${id} in it has not ended`);
    return record;
  });
}

/** Through a link none are found. */
const namesIn = (folder: string): string[] =>
  lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];

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
