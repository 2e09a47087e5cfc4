import type { Experiment } from './experiment.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';

/** Lets this computer in again where its address is another than the one that its machines let in.
 *  @returns whether it was */
export async function reopen(session: Session, experiment: Experiment): Promise<boolean> {
  const deployment = experiment.deployments.read();
  if (deployment?.released !== null) return false;
  const target = targetOf(session, experiment, deployment.target);
  return (await target.reopen?.(deployment)) ?? false;
}
