import type { Outcome } from '../../shell/process.js';

/** Errors of concurrent deliveries of one commit to one repository: another process has locked the ref, or a file
 * beside it. Git's messages in English. */
const locked =
  /cannot lock ref|could not lock config file|Unable to create '.*\.lock'|reference already exists|failed to update ref|remote rejected|not in a git directory|not a git repository/;

/** Errors that a retry cannot fix. */
const lasting = /No space left on device|unpacker error|hook declined|Permission denied|dubious ownership/;

export const isContention = ({ stderr }: Pick<Outcome, 'stderr'>): boolean =>
  locked.test(stderr) && !lasting.test(stderr);

/** Judges the result of changing a repository that others may change at the same time.
 * @param exists whether the wanted object exists now.
 * @param tries the retries left after it */
export function judge(
  outcome: Pick<Outcome, 'code' | 'stderr'>,
  exists: boolean,
  tries: number,
): 'done' | 'again' | 'failed' {
  if (outcome.code === 0 || exists) return 'done';
  return isContention(outcome) && tries > 0 ? 'again' : 'failed';
}
