import type { PlaceProblem } from '../../targets/target.js';
import type { Experiment } from '../experiment.js';
import { admit } from '../follow/reconcile.js';
import type { Session } from '../session.js';
import { type DeployPlan, decide } from './decide.js';
import { deploy } from './deploy.js';
import type { DeployRequest } from './request.js';

/** Whether the plan changes nothing. */
export const isEmpty = (plan: DeployPlan): boolean => !launches(plan) && plan.resumes.size === 0;

/** Whether jobs are delivered. */
export const launches = ({ run, undelivered, moves }: DeployPlan): boolean =>
  run.length + undelivered.length + moves.length > 0;

/** Launches a plan under the deployment's lock. Another process may have deployed the same while this one waited for an
 * answer or for the lock, so it decides again, at the same commit.
 * @param waiting called once if another process holds the lock */
export async function deployOrJoin(
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
  plan: DeployPlan,
  waiting: () => void,
): Promise<readonly PlaceProblem[]> {
  if (isEmpty(plan)) {
    // What follows may still collect, and terminate machines.
    if (plan.joins && !session.executor.dryRun)
      session.executor.journal.keepIn(experiment.deployments.commands);
    if (plan.joins && (await admit(session, experiment)))
      session.notify.note('Your IP address has changed; the machines now accept the new one.');
    return [];
  }
  return experiment.deployments.locked(async (live) => {
    const again = session.executor.dryRun
      ? plan
      : await decide(session, experiment, { ...request, pin: plan.pin }, plan);
    return (await deploy(session, experiment, live, again)).problems;
  }, waiting);
}
