import { heldPlaces } from '../operations/look/holding.js';
import type { ExperimentStatus } from '../operations/look/rows.js';
import { count } from '../phrases.js';

/** Why the jobs of a held queue wait, a sentence per machine. */
export const heldLines = (status: ExperimentStatus): string[] =>
  heldPlaces(status).map(({ place, hold, waiting }) => {
    const where = place === null ? '' : ` on ${place}`;
    const wait = `${count(waiting, 'job')}${where} ${waiting === 1 ? 'waits' : 'wait'} for another deploy`;
    return hold.why === 'start'
      ? `${wait}: ${hold.failures} in a row could not be started there.`
      : `${wait}: ${hold.failures} ${hold.failures === 1 ? 'has' : 'have'} failed (--max-failures).`;
  });
