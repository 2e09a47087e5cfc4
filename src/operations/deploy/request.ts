import type { Condition } from '../../experiment/condition.js';
import { selectConditions } from '../../experiment/select.js';
import type { Host } from '../../experiment/settings.js';
import type { Deployment } from '../../runs/deployment.js';
import { DirtyTree, type Pin, pinCommit, pinHead } from '../../source/pin.js';
import { pinSnapshot } from '../../source/snapshot.js';
import type { Trust } from '../../targets/target.js';
import type { Experiment } from '../experiment.js';
import type { Session } from '../session.js';
import { NoConditions } from './plan.js';

/** What a person may say of machines beyond parameters.json. */
export interface Machines {
  /** In the place of the file's `hosts`; null: those of the file. */
  readonly hosts: readonly Host[] | null;
  readonly trust: Trust;
}

export interface DeployRequest {
  readonly target: string;
  readonly machines: Machines;
  /** Condition ids, or beginnings of them; empty: all. */
  readonly only: readonly string[];
  readonly first: number | null;
  readonly slots: number | null;
  readonly commit: string | null;
  readonly snapshot: boolean;
  /** Decided on already; it goes before the two above. */
  readonly pin: Pin | null;
  readonly force: boolean;
  readonly retryFailed: boolean;
  /** Nothing new is to run: what was recorded and not delivered is. Left out: false. */
  readonly onlyDelivers?: boolean;
}

/** The conditions that are asked for. @throws NoConditions, UnknownCondition */
export function wantedConditions(
  { conditions, folder }: Experiment,
  { only, first }: DeployRequest,
): readonly Condition[] {
  if (conditions.length === 0) throw new NoConditions(`${folder}/parameters.json`);
  const chosen = only.length > 0 ? selectConditions(conditions, only) : conditions;
  return first === null ? chosen : chosen.slice(0, first);
}

/** The commit that is asked for.
 *  @param live the deployment that runs now; null: none. @param last the one made last
 *  @throws DirtyTree, UnknownCommit, LargeUntrackedFile */
export async function pinFor(
  session: Session,
  { project, parametersFile }: Experiment,
  request: DeployRequest,
  { live, last }: { readonly live: Deployment | null; readonly last: Deployment | null },
): Promise<Pin> {
  if (request.pin) return request.pin;
  if (request.retryFailed) return pinCommit(project, last?.commit ?? 'HEAD');
  if (request.commit) return pinCommit(project, request.commit);
  if (request.snapshot) return pinSnapshot(project, session.executor, 'refuse');
  try {
    return await pinHead(project, parametersFile);
  } catch (error) {
    // With a live deployment the way that people look for first is the one back to it.
    if (live && error instanceof DirtyTree) throw new DirtyTree(error.changed, project.root, live.commit);
    throw error;
  }
}
