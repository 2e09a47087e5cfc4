import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { renderCommand } from '../shell/command.js';
import { endLeaks, findLeaks, type Leak, lineToEnd } from '../targets/aws-leaks.js';
import type { Finding } from './finding.js';
import { readExperiment } from './read-experiment.js';
import type { Session } from './session.js';

export type { Leak };

/** What is at AWS by us and by no record.
 *  @param folder where parameters.json may name a region. @param region null: that one, or the environment's; `all` */
export function leaks({ home }: Session, folder: string, region: string | null): Promise<Leak[]> {
  const inFile = existsSync(join(folder, 'parameters.json'))
    ? readExperiment(folder).parameters.aws.region
    : null;
  return findLeaks(home, region ?? inFile);
}

/** The same as findings, each with the line that mends it. */
export const leakFindings = (found: readonly Leak[], region: string | null): Finding[] =>
  found.length === 0
    ? [{ what: 'leaks', state: 'good', detail: 'none: all that bears our tag is on record here', mend: [] }]
    : found.map((leak) => ({
        what: leak.kind,
        state: leak.isOurs ? 'bad' : 'warning',
        detail: `${leak.id} in ${leak.region}${leak.detail && ` (${leak.detail})`}, of ${leak.experiment || 'an experiment'}, made by ${leak.by}${leak.isOurs ? '' : ', who may need it'}`,
        mend: leak.isOurs
          ? [`logistician terminate --leaks${region ? ` --region ${region}` : ''}`]
          : [renderCommand(lineToEnd(leak))],
      }));

/** Ends those of them that this user made on this computer. */
export async function endOurLeaks({ executor }: Session, found: readonly Leak[]): Promise<readonly Leak[]> {
  const ours = found.filter(({ isOurs }) => isOurs);
  await endLeaks(executor, ours);
  return ours;
}
