import { ownLine, UserError } from '../../errors.js';
import { isEverything, type Selection } from '../../experiment/select.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { withReleased } from '../../runs/placement.js';
import type { PlaceProblem } from '../../targets/target.js';
import { Unreachable } from '../../tools/ssh/unreachable.js';
import { chosenRows } from '../look/chosen.js';
import { observe } from '../look/observe.js';
import { type ExperimentStatus, isOpen, placeNameOf } from '../look/rows.js';
import { type ExperimentRecords, targetOf } from '../records.js';
import type { Session } from '../session.js';
import { collect } from './collect.js';
import { endingOf, outcomeOf } from './outcome.js';
import { endedBy, stopRows } from './stop.js';

export class NotAllCollected extends UserError {
  /** @param away places where not everything could be ended and collected
   * @param kept rented places that could not be terminated; one problem may concern all
   * @param words that chose the conditions @param discard results were given up already */
  constructor(
    away: readonly PlaceProblem[],
    kept: readonly PlaceProblem[],
    words: readonly string[],
    discard: boolean,
  ) {
    const discarding = [...words, '--discard'];
    const told = (title: string, problems: readonly PlaceProblem[]) =>
      problems.length === 0
        ? []
        : [title, ...new Set(problems.map(({ problem }) => `  ${problem.message.replaceAll('\n', '\n  ')}`))];
    super(
      [
        ...told('Not everything could be ended and collected, so not everything was released:', away),
        ...told('Not every rented machine could be terminated:', kept),
      ].join('\n'),
      [
        ...new Set(kept.flatMap(({ problem }) => problem.suggestions)),
        ownLine('terminate', discard ? discarding : words, `again${when(away)}`),
        ...(away.length > 0
          ? [ownLine('terminate', discarding, 'gives up results that were not collected')]
          : []),
      ],
    );
  }
}

/** When to retry: some problems of machines pass by themselves. */
function when(away: readonly PlaceProblem[]): string {
  if (away.length === 0) return '';
  return away.some(({ problem }) => problem instanceof Unreachable)
    ? ', once the machine answers'
    : ', once that is fixed';
}

export interface TerminateRequest {
  /** Seconds between SIGTERM and SIGKILL. */
  readonly grace: number;
  /** Gives up results that cannot be collected. */
  readonly discard: boolean;
  /** Only the places of these conditions are released. */
  readonly only: Selection;
  /** As they were typed, for the lines that an error proposes: they are about no other conditions. */
  readonly words: readonly string[];
}

/** Ends the deployment, or single conditions of it: stops jobs, collects results, and leaves nothing at their places. A
 * place with other jobs stays. Safe to repeat.
 * @param seen the state when the user was asked
 * @returns the state afterwards, and the conditions that were ended; none: there was nothing to end @throws
 * NotAllCollected after releasing all other places; UnknownCondition */
export async function terminate(
  session: Session,
  records: ExperimentRecords,
  live: LiveDeployment,
  seen: ExperimentStatus,
  { grace, discard, only, words }: TerminateRequest,
): Promise<{ status: ExperimentStatus; ended: readonly string[] }> {
  const deployment = live.last;
  if (deployment?.released !== null) return { status: seen, ended: [] };
  // Another process may have added jobs while this one waited for an answer or for the lock.
  const isSame = JSON.stringify(seen.deployment) === JSON.stringify(deployment);
  const before = isSame ? seen : await observe(session, records);
  const own = new Set(deployment.jobs.map(({ condition }) => condition));
  const rows = chosenRows(before, only).filter(({ condition }) => own.has(condition));
  if (!session.executor.dryRun) session.executor.journal.keepIn(records.deployments.commands);
  const open = rows.filter((row) => row.deployed && isOpen(row));
  if (open.length > 0) await stopRows(session, records, before, open, grace);
  const chosen = new Set(rows.map((row) => row.condition));
  const status = await bringToAnEnd(session, records, live, {
    discard,
    words,
    chosen: isEverything(only) ? null : chosen,
    ...(open.length === 0 && { seen: before }),
  });
  return { status, ended: [...chosen] };
}

interface EndRequest {
  readonly discard?: boolean;
  /** Only these conditions; null: all. */
  readonly chosen?: ReadonlySet<string> | null;
  /** Those that chose them. */
  readonly words?: readonly string[];
  readonly seen?: ExperimentStatus;
}

/** Collects the results of a deployment whose jobs have ended, and releases its places. @throws NotAllCollected after
 * releasing all other places */
export async function bringToAnEnd(
  session: Session,
  records: ExperimentRecords,
  live: LiveDeployment,
  { discard = false, chosen = null, words = [], seen }: EndRequest = {},
): Promise<ExperimentStatus> {
  const { dryRun } = session.executor;
  const runs = live.last?.jobs.filter(({ condition }) => !chosen || chosen.has(condition)) ?? [];
  const about = { only: null, ...(chosen && { runs: new Set(runs.map(({ run }) => run)) }) };
  const { status, problems } = await collect(session, records, about, { seen, live });
  const deployment = live.last;
  if (!deployment) return status;
  const ending = endingOf({ deployment, rows: status.conditions, problems, chosen, discard, dryRun });
  const failed = await (await targetOf(session, records, deployment)).release(live, ending.ready);
  const { isGone, away, rentedStill, givenUp } = outcomeOf(ending, deployment, failed, discard);
  live.write(withReleased(live.now, isGone, session.now().toISOString()));
  if (away.length + rentedStill.length > 0) throw new NotAllCollected(away, rentedStill, words, discard);
  if (givenUp.length === 0) return status;
  if (!dryRun) records.deployments.noteDiscarded(deployment.id);
  for (const { place, problem } of givenUp)
    session.notify.warn(`${ending.ready.has(place) ? 'Given up' : 'Left as it is'}: ${problem.message}`);
  if (!dryRun) discardOpen(session, records, status, new Set(givenUp.map(({ place }) => place)));
  return observe(session, records);
}

/** Marks jobs of places that were given up: their end will stay unknown. */
function discardOpen(
  session: Session,
  { runs }: ExperimentRecords,
  status: ExperimentStatus,
  places: ReadonlySet<string>,
): void {
  for (const row of status.conditions)
    if (row.record && isOpen(row) && places.has(placeNameOf(status, row)))
      runs.write(endedBy(row.record, 'lost', 'discarded', session.now()));
}
