import type { Condition } from '../../experiment/condition.js';
import { type Selection, selectConditions } from '../../experiment/select.js';
import type { Host } from '../../experiment/settings.js';
import type { Deployment } from '../../runs/deployment.js';
import type { CameFrom } from '../../runs/record.js';
import { hiddenEdits } from '../../source/hidden-edits.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../../source/pin.js';
import { pinSnapshot } from '../../source/snapshot.js';
import type { Trust } from '../../targets/target.js';
import { type Experiment, inputFolders } from '../experiment.js';
import type { Session } from '../session.js';
import { warnOfAbsent, warnOfHidden, warnOfLinksOut } from '../source-warnings.js';
import { isRetry, NoConditions, type Retry } from './plan.js';

/** Flags about machines, which override parameters.json. */
export interface Machines {
  /** Replaces `hosts` of the file; null: those of the file. */
  readonly hosts: readonly Host[] | null;
  readonly trust: Trust;
}

export interface DeployRequest {
  readonly target: string;
  readonly machines: Machines;
  /** Selects by name and arguments only. */
  readonly only: Selection;
  readonly first: number | null;
  readonly slots: number | null;
  readonly commit: string | null;
  readonly snapshot: boolean;
  /** Chosen already; overrides the two above. */
  readonly pin: Pin | null;
  /** Why it is deployed, in the user's words; null: no message. */
  readonly message: string | null;
  readonly force: boolean;
  readonly retry: Retry;
  /** After so many failures waiting jobs are held; null: the deployment's limit stays. */
  readonly maxFailures: number | null;
  /** So many rented machines may exist at a time; null: as parameters.json says. */
  readonly maxMachines: number | null;
  /** Machines of failed conditions are not given back for others. */
  readonly keepFailed: boolean;
  /** No condition continues from /data/state of its last attempt. */
  readonly freshState: boolean;
  /** The runs that conditions repeat, by condition. Default: none. */
  readonly cameFrom?: ReadonlyMap<string, CameFrom>;
  /** Delivers jobs that were recorded, and adds none. Default: false. */
  readonly onlyDelivers?: boolean;
}

/** The requested conditions. @throws NoConditions, UnknownCondition, WrongWhere */
export function wantedConditions(
  { conditions, folder }: Experiment,
  { only, first }: DeployRequest,
): readonly Condition[] {
  if (conditions.length === 0) throw new NoConditions(`${folder}/parameters.json`);
  const chosen = selectConditions(conditions, only);
  return first === null ? chosen : chosen.slice(0, first);
}

/** The requested commit.
 * @param live the live deployment; null: none.
 * @param last the last deployment @throws DirtyTree, UnknownCommit, LargeUntrackedFiles */
export async function pinFor(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
  { live, last }: { readonly live: Deployment | null; readonly last: Deployment | null },
): Promise<Pin> {
  if (request.pin) return request.pin;
  const pin = await pinWanted(session, experiment, request, { live, last });
  await warnOfAbsent(session, experiment.project, pin);
  warnOfLinksOut(session, inputFolders(experiment));
  return pin;
}

async function pinWanted(
  session: Session,
  { project, parametersFile }: Experiment,
  request: DeployRequest,
  { live, last }: { readonly live: Deployment | null; readonly last: Deployment | null },
): Promise<Pin> {
  if (isRetry(request.retry)) return pinCommit(project, last?.commit ?? 'HEAD');
  if (request.commit) return pinCommit(project, request.commit);
  if (request.snapshot) return pinSnapshot(project, session.executor, 'refuse');
  try {
    const [pin, hidden] = await Promise.all([
      pinHead(project, parametersFile),
      hiddenEdits(project, session.executor),
    ]);
    warnOfHidden(session, hidden);
    return pin;
  } catch (error) {
    // While a deployment is live, the first remedy is the command that rejoins it.
    if (live && error instanceof DirtyTree) throw error.withLive(live.commit);
    throw error;
  }
}
