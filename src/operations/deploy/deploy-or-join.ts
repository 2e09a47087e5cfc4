import type { PlaceProblem } from '../../targets/target.js';
import type { Experiment } from '../experiment.js';
import { admit } from '../follow/reconcile.js';
import type { Session } from '../session.js';
import { type DeployPlan, decide } from './decide.js';
import { deploy } from './deploy.js';
import type { DeployRequest } from './request.js';

/** Whether the plan has anything to launch. */
export const isEmpty = ({ run, undelivered, moves }: DeployPlan): boolean =>
  run.length + undelivered.length + moves.length === 0;

/** Launches what was decided, under the deployment's lock. While this process waited for an answer, or for the lock,
 *  another may have deployed the same: it is decided again, at the same commit.
 *  @param waiting called once if another process holds the lock */
export async function deployOrJoin(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
  plan: DeployPlan,
  waiting: () => void,
): Promise<readonly PlaceProblem[]> {
  if (isEmpty(plan)) {
    if (plan.joins && (await admit(session, experiment)))
      session.notify.note('Your address has changed; the machines let you in again.');
    return [];
  }
  return experiment.deployments.locked(async (live) => {
    const again = session.executor.dryRun
      ? plan
      : await decide(session, experiment, { ...request, pin: plan.pin });
    return (await deploy(session, experiment, live, again)).problems;
  }, waiting);
}
