import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ownLine } from '../../errors.js';
import { targetNames } from '../../targets/registry.js';
import type { Leak, Rental } from '../../targets/target.js';
import { readExperiment } from '../read-experiment.js';
import { storesOf, targetCalled } from '../records.js';
import type { Session } from '../session.js';
import type { Finding } from './finding.js';

/** Rented resources with our tag that no record of this computer names.
 * @param folder where parameters.json may name a region.
 * @param region null: that one, or the environment's; `all` */
export async function leaks(session: Session, folder: string, region: string | null): Promise<Leak[]> {
  const hasParameters = existsSync(join(folder, 'parameters.json'));
  const parameters = hasParameters ? readExperiment(resolve(folder)).parameters : null;
  const found = await Promise.all(
    (await rentals(session, folder)).map((rental) => rental.leaks(region, parameters)),
  );
  return found.flat();
}

/** The same as findings, each with the line that fixes it. */
export const leakFindings = (found: readonly Leak[], region: string | null): Finding[] =>
  found.length === 0
    ? [
        {
          what: 'leaks',
          state: 'good',
          detail: 'none: every resource with our tag is recorded here',
          mend: [],
        },
      ]
    : found.map((leak) => ({
        what: leak.kind,
        state: leak.isOurs ? 'bad' : 'warning',
        detail: `${leak.id} in ${leak.region}${leak.detail && ` (${leak.detail})`}, of ${leak.experiment || 'an experiment'}, made by ${leak.by}${leak.isOurs ? '' : ', who may need it'}`,
        mend: leak.isOurs
          ? [ownLine('terminate', ['--leaks', ...(region ? ['--region', region] : [])])]
          : [leak.remedy],
      }));

/** Terminates those that this user created on this computer. */
export async function endOurLeaks(
  session: Session,
  folder: string,
  found: readonly Leak[],
): Promise<readonly Leak[]> {
  const ours = found.filter(({ isOurs }) => isOurs);
  for (const rental of await rentals(session, folder)) await rental.endLeaks(ours);
  return ours;
}

/** All rentals: each ignores leaks that are not of its kind. */
async function rentals(session: Session, folder: string): Promise<readonly Rental[]> {
  const stores = storesOf(session, resolve(folder));
  const targets = await Promise.all(targetNames.map((name) => targetCalled(session, name, stores)));
  return targets.flatMap(({ rental }) => rental ?? []);
}
