import { ownLine, UserError } from '../../errors.js';
import { inTheWay } from '../end/give-back.js';
import type { Experiment } from '../experiment.js';
import { targetCalled } from '../records.js';
import type { Session } from '../session.js';
import type { DeployPlan } from './decide.js';
import { draftDeployment } from './draft.js';
import { withRoom } from './room.js';

/** What would be created for a plan, as the tool that creates it prints it. Nothing is created or recorded. @throws
 * UserError if the target rents no machines */
export async function preview(session: Session, experiment: Experiment, plan: DeployPlan): Promise<string> {
  const { rental } = await targetCalled(session, plan.target, experiment);
  if (!rental)
    throw new UserError(
      `--plan shows which machines Terraform would create; target ${plan.target} creates none.`,
      [ownLine('deploy', ['--dry-run'], 'every command that would be issued')],
      { exit: 2 },
    );
  const assigned = new Set(plan.assigned.map(({ place }) => place.name));
  const draft = draftDeployment(session, experiment, plan);
  const wanted = [...assigned, ...plan.undelivered.map(({ place }) => place)];
  const launching = withRoom(draft, wanted, plan.maxMachines);
  const replaced = plan.joins ? inTheWay(plan.joins, assigned) : new Set<string>();
  return rental.preview(draft, launching, replaced, experiment.parameters);
}
