import type { DeployRequest } from '../deploy/request.js';
import type { Experiment } from '../experiment.js';
import type { Session } from '../session.js';
import { Chores } from './chores.js';
import { collectEnded, deliverMissing, giveBackAsTheyFinish, reachAgain } from './reconcile.js';

/** The chores of `deploy --wait`.
 * @param request the original one, for jobs that could not be delivered.
 * @param keepFailed do not terminate the machines of failed jobs */
export const waitChores = (
  session: Session,
  experiment: Experiment,
  request: DeployRequest,
  keepFailed: boolean,
): Chores =>
  new Chores(session, [
    collectEnded(session, experiment),
    giveBackAsTheyFinish(session, experiment, keepFailed),
    reachAgain(session, experiment),
    deliverMissing(session, experiment, request),
  ]);
