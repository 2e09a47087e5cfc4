import type { DeployRequest } from '../deploy/request.js';
import type { Experiment } from '../experiment.js';
import type { Session } from '../session.js';
import { Chores } from './chores.js';
import { collectEnded, deliverMissing, giveBackAsTheyFinish, reachAgain } from './reconcile.js';

/** The chores of `deploy --wait`. @param request the original one, for jobs that could not be delivered */
export const waitChores = (session: Session, experiment: Experiment, request: DeployRequest): Chores =>
  new Chores(session, [
    collectEnded(session, experiment),
    giveBackAsTheyFinish(session, experiment, request.keepFailed),
    reachAgain(session, experiment),
    deliverMissing(session, experiment, request),
  ]);
