import { UserError } from '../errors.js';
import type { DeployPlan } from './decide-deployment.js';
import type { Experiment } from './experiment.js';
import { proposedDeployment } from './propose.js';
import { machinesInTheWay } from './release.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** What Terraform would do for a deployment that is decided on, in its own words. Nothing is made or recorded.
 *  @throws UserError where the target makes no machines */
export async function preview(
  session: Session,
  experiment: Experiment,
  decided: DeployPlan,
): Promise<string> {
  const target = targetOf(session, experiment, decided.target);
  if (!target.preview)
    throw new UserError(
      `--plan shows which machines Terraform would make; target ${decided.target} makes none.`,
      ['logistician deploy --dry-run    # every line that would be issued'],
      { exit: 2 },
    );
  const deployment = proposedDeployment(session, experiment, decided);
  const launching = new Set([
    ...decided.places.map(({ deployed }) => deployed.name),
    ...decided.undelivered.map(({ machine }) => machine),
  ]);
  const places = new Set(decided.places.map(({ deployed }) => deployed.name));
  const replaced = decided.joins ? machinesInTheWay(decided.joins, places) : [];
  return target.preview(deployment, launching, new Set(replaced.map(({ name }) => name)));
}
