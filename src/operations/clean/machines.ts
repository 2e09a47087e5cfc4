import { resolve } from 'node:path';
import { UserError } from '../../errors.js';
import { targetOfHosts } from '../../targets/registry.js';
import type { Cleaning, LeftOn, PlaceProblem } from '../../targets/target.js';
import type { Machines } from '../deploy/request.js';
import { readExperiment } from '../read-experiment.js';
import { storesOf, targetCalled } from '../records.js';
import type { Session } from '../session.js';

/** What machines keep that no deployment needs. */
export interface FoundOnMachines {
  readonly left: readonly LeftOn[];
  /** Machines that could not be looked at. */
  readonly problems: readonly PlaceProblem[];
  /** Removes it. */
  remove(): ReturnType<Cleaning['remove']>;
}

/** Looks at the machines of an experiment. Changes nothing on them. @throws NoHosts, NoExperiment, InvalidParameters */
export async function lookAtMachines(
  session: Session,
  folder: string,
  machines: Machines,
): Promise<FoundOnMachines> {
  const { parameters } = readExperiment(resolve(folder));
  const { cleaning } = await targetCalled(session, targetOfHosts, storesOf(session, resolve(folder)));
  if (!cleaning) throw new UserError('These machines keep nothing between deployments.');
  const found = await cleaning.find({ parameters, ...machines });
  return { ...found, remove: () => cleaning.remove(parameters.remoteDockerCommand, found.left) };
}
