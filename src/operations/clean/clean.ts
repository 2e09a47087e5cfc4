import { UserError } from '../../errors.js';
import { type CleanRequest, type Reason, toClean } from '../../history/cleaning.js';
import type { Deployment } from '../../runs/deployment.js';
import { placesElsewhere } from '../../runs/placement.js';
import type { RunRow } from '../../runs/rows/row.js';
import { Engine } from '../../tools/docker/engine.js';
import { removeImage } from '../../tools/docker/lines.js';
import { openHistory } from '../history/open-history.js';
import type { ExperimentRecords } from '../records.js';
import type { Session } from '../session.js';
import { type Removable, removableIn, removing } from './files.js';

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
  readonly kept: ReadonlyMap<Reason, number>;
  /** Bytes of all. An image shares layers with others, so that less may be freed. */
  readonly bytes: number;
}

/** Decides what to remove. Changes nothing. */
export async function planCleaning(
  session: Session,
  records: ExperimentRecords,
  wish: Wish,
): Promise<CleanPlan> {
  const { rows } = openHistory(session.home, records.folder);
  const live = stillElsewhere(records.deployments.read());
  const { rows: chosen, kept } = toClean(rows, wish.meant, live, wish);
  const runs = chosen
    .map((row) => ({ row, removable: removableIn(records.runs.pathOf(row.run), wish.receipts) }))
    .filter(({ removable }) => wish.data && removable.paths.length > 0);
  const images = wish.images ? await imagesOf(session, records, chosen, rows) : [];
  const sum = (all: readonly { readonly bytes: number }[]) =>
    all.reduce((bytes, one) => bytes + one.bytes, 0);
  return { runs, images, kept, bytes: sum(runs.map(({ removable }) => removable)) + sum(images) };
}

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
  { runs: chosen, images }: CleanPlan,
): Promise<void> {
  runs.refuseLinks();
  for (const { removable } of chosen) await executor.change(removing(removable));
  // One that a container still uses stays, which is no failure of the rest.
  for (const { id } of images) await executor.attempt(removeImage(parameters?.dockerCommand ?? 'docker', id));
}
