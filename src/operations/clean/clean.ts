import { existsSync, realpathSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { type CleanRequest, fittingRows, type Reason, toClean } from '../../history/cleaning.js';
import { finalStates, type RunState } from '../../machines/job-state.js';
import type { Deployment } from '../../runs/deployment.js';
import { placesElsewhere } from '../../runs/placement.js';
import type { RunRow } from '../../runs/rows/row.js';
import { CommandFailed } from '../../shell/executor.js';
import { Engine } from '../../tools/docker/engine.js';
import { removeImage } from '../../tools/docker/lines.js';
import { openHistory } from '../history/open-history.js';
import { foldersHere, foldersKnown } from '../look/overview.js';
import type { ExperimentRecords } from '../records.js';
import type { Session } from '../session.js';
import { inputsOfOthers } from './chained.js';
import { type Removable, removableIn, removing } from './files.js';
import { leftoversOf } from './leftovers.js';

export interface Wish extends CleanRequest {
  /** The runs that fit the filters. */
  readonly meant: readonly RunRow[];
  readonly data: boolean;
  readonly images: boolean;
  /** Receipts and measures, too. */
  readonly receipts: boolean;
}

/** What a cleaning would remove. */
export interface CleanPlan {
  readonly runs: readonly { readonly row: RunRow; readonly removable: Removable }[];
  /** Images that no other run has. */
  readonly images: readonly { readonly id: string; readonly bytes: number }[];
  /** What commands have left that have ended: see `leftoversOf`. */
  readonly leftovers: Removable;
  readonly kept: ReadonlyMap<Reason, number>;
  /** Bytes of all. An image shares layers with others, so that less may be freed. */
  readonly bytes: number;
}

export const isEmpty = ({ runs, images, leftovers }: CleanPlan): boolean =>
  runs.length + images.length + leftovers.paths.length === 0;

/** Decides what to remove. Changes nothing. */
export async function planCleaning(
  session: Session,
  records: ExperimentRecords,
  wish: Wish,
): Promise<CleanPlan> {
  const { rows } = openHistory(session.home, records.folder);
  const needed = {
    live: stillElsewhere(records.deployments.read()),
    inputs: inputsOfOthers(realPathOf(records.runs.folder), experimentsAround(session, records)),
  };
  const { rows: chosen, kept } = toClean(rows, wish.meant, needed, wish);
  const runs = chosen
    .map((row) => ({ row, removable: removableIn(records.runs.pathOf(row.run), wish.receipts) }))
    .filter(({ removable }) => wish.data && removable.paths.length > 0);
  const fitting = new Set(fittingRows(wish.meant, wish).map(({ run }) => run));
  const leftovers = wish.data
    ? leftoversOf(session.home, records.runs.folder, fitting)
    : { paths: [], bytes: 0 };
  const images = wish.images ? await imagesOf(session, records, chosen, rows) : [];
  const sum = (all: readonly { readonly bytes: number }[]) =>
    all.reduce((bytes, one) => bytes + one.bytes, 0);
  const bytes = sum(runs.map(({ removable }) => removable)) + sum(images) + leftovers.bytes;
  return { runs, images, leftovers, kept, bytes };
}

/** Experiments whose runs may have runs of this one for inputs: of its project, and of any that is known here. */
const experimentsAround = ({ home }: Session, { folder }: ExperimentRecords): string[] => [
  ...new Set([folder, ...foldersHere(folder), ...foldersKnown(home)]),
];

const realPathOf = (path: string): string => (existsSync(path) ? realpathSync(path) : path);

/** Runs whose machines are not released: they have the files still, and `sync` would collect them again. */
function stillElsewhere(deployment: Deployment | null): ReadonlySet<string> {
  if (deployment?.released !== null) return new Set();
  const elsewhere = placesElsewhere(deployment);
  return new Set(deployment.jobs.filter(({ place }) => elsewhere.has(place)).map(({ run }) => run));
}

/** Images of these runs that no other run of the experiment has. */
async function imagesOf(
  { executor, env, notify }: Session,
  { parameters }: ExperimentRecords,
  chosen: readonly RunRow[],
  all: readonly RunRow[],
): Promise<CleanPlan['images']> {
  // One that waits has the image of its tag, and none by its id yet.
  if (
    all.some(
      ({ state, facts }) =>
        facts.image === null && !finalStates.has(state as RunState) && state !== 'unreadable',
    )
  )
    return [];
  const ids = new Set(chosen.map(({ run }) => run));
  const others = new Set(all.filter(({ run }) => !ids.has(run)).map(({ facts }) => facts.image));
  const own = new Set(chosen.flatMap(({ facts: { image } }) => (image && !others.has(image) ? [image] : [])));
  const engine = new Engine(executor, parameters?.dockerCommand ?? 'docker', env);
  const found: { id: string; bytes: number }[] = [];
  try {
    for (const id of own) {
      const image = await engine.image(id);
      if (image) found.push({ id, bytes: image.bytes });
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notify.warn(`Images are left out: ${error.message}`);
  }
  return found;
}

/** Removes what was decided. @throws CommandFailed */
export async function clean(
  { executor }: Session,
  { runs, parameters }: ExperimentRecords,
  { runs: chosen, images, leftovers }: CleanPlan,
): Promise<void> {
  runs.refuseLinks();
  const all = [
    ...(leftovers.paths.length > 0 ? [leftovers] : []),
    ...chosen.map(({ removable }) => removable),
  ];
  const failures: CommandFailed[] = [];
  for (const one of all) {
    const line = removing(one);
    const outcome = await executor.attempt(line);
    if (outcome.code !== 0) failures.push(new CommandFailed(line, outcome));
  }
  // One that a container still uses stays, which is no failure of the rest.
  for (const { id } of images) await executor.attempt(removeImage(parameters?.dockerCommand ?? 'docker', id));
  // What one run keeps is no reason to keep the others.
  const [failure] = failures;
  if (failure) throw failure;
}
