import type { Outcome } from '../../shell/process.js';

/** What several deliveries of one commit to one repository do to each other: one holds the ref, or a file beside it,
 *  while another asks for it. In git's own words, in English. */
const locked =
  /cannot lock ref|could not lock config file|Unable to create '.*\.lock'|reference already exists|failed to update ref|remote rejected|not in a git directory|not a git repository/;

/** What no later try mends. */
const lasting = /No space left on device|unpacker error|hook declined|Permission denied|dubious ownership/;

export const isContention = ({ stderr }: Pick<Outcome, 'stderr'>): boolean =>
  locked.test(stderr) && !lasting.test(stderr);

/** How a change of a repository that others change at the same moment is to be judged.
 *  @param exists what it was to create exists now.
 *  @param tries that are left after it */
export function judge(
  outcome: Pick<Outcome, 'code' | 'stderr'>,
  exists: boolean,
  tries: number,
): 'done' | 'again' | 'failed' {
  if (outcome.code === 0 || exists) return 'done';
  return isContention(outcome) && tries > 0 ? 'again' : 'failed';
}
