import type { DeployRequest } from '../deploy/request.js';
import type { Experiment } from '../experiment.js';
import type { Session } from '../session.js';
import { Chores } from './chores.js';
import { collectEnded, deliverMissing, giveBackAsTheyFinish, reachAgain } from './reconcile.js';

/** What `deploy --wait` does beside waiting.
 *  @param request what was asked for, for jobs that could not be delivered. @param keepFailed the machines of failed
 *  jobs are not given back */
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
