import * as Flags from '@oclif/core/flags';
import { UserError } from '../errors.js';
import { parseMoment } from '../history/moment.js';
import type { RunRow } from '../runs/rows/row.js';

/** Which runs. */
export const runFilterFlags = {
  where: Flags.string({
    helpValue: 'CONDITION',
    multiple: true,
    multipleNonGreedy: true,
    description:
      "only runs that fit: 'lr<=0.1 and state=succeeded', 'accuracy>0.9', 'tag=paper or \"val loss\" is missing'; if repeated, all must match",
  }),
  since: Flags.string({
    helpValue: 'TIME',
    description: 'only runs created from this time on: a date, 2h or 3d ago, yesterday, monday',
  }),
  until: Flags.string({ helpValue: 'TIME', description: 'only runs created before it' }),
};

/** Which experiments. */
export const scopeFlags = {
  project: Flags.boolean({ description: 'the runs of all experiments of the project' }),
  all: Flags.boolean({
    char: 'a',
    description: 'of every experiment that was run from this computer',
    exclusive: ['project'],
  }),
};

class NoTime extends UserError {
  constructor(flag: string, text: string) {
    super(
      `"${text}" is not a time: ${flag} takes a date, how long ago (90s, 10m, 2h, 3d), or a day such as yesterday.`,
      [],
      { exit: 2 },
    );
  }
}

/** Whether a run was created in that time; one of which that is not known was not.
 * @throws NoTime */
export function inTime(
  since: string | undefined,
  until: string | undefined,
  now: Date,
): (row: RunRow) => boolean {
  const time = (flag: string, text: string | undefined) => {
    if (text === undefined) return null;
    const found = parseMoment(text, now);
    if (!found) throw new NoTime(flag, text);
    return found.getTime();
  };
  const [from, to] = [time('--since', since), time('--until', until)];
  if (from === null && to === null) return () => true;
  return ({ created }) => {
    if (created === null) return false;
    const at = Date.parse(created);
    return (from === null || at >= from) && (to === null || at < to);
  };
}
