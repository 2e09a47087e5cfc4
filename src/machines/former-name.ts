import { pasteable } from '../shell/word.js';

/** The line that mends it where a computer was renamed while it ran jobs, and takes them for those of another one. Nothing
 * tells such computers apart: names alone differ where several share a home folder.
 * @param computer in words */
export const formerName = (name: string, computer: string): string =>
  `${pasteable`sudo hostname ${name}`}    # only if ${computer} had this name before: until the jobs have ended`;
