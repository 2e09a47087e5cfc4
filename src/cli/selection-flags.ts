import * as Flags from '@oclif/core/flags';
import type { Selection } from '../experiment/select.js';
import { conditionFilter } from '../history/conditions-where.js';
import { fieldsOf, openHistory } from '../operations/history/open-history.js';
import type { Session } from '../operations/session.js';

const states = [
  'pending',
  'fetching',
  'building',
  'running',
  'succeeded',
  'failed',
  'stopped',
  'lost',
] as const;

/** Selects conditions by their arguments and runs. */
export const whereFlag = {
  where: Flags.string({
    helpValue: 'CONDITION',
    multiple: true,
    multipleNonGreedy: true,
    description:
      "only conditions that fit, by their arguments and their newest runs: 'lr<=0.1', 'accuracy>0.9 and not seed=3'; if repeated, all must match",
  }),
};

/** Selects conditions by state, too. */
export const selectionFlags = {
  ...whereFlag,
  failed: Flags.boolean({ description: 'only conditions that have failed or are lost' }),
  state: Flags.string({
    helpValue: 'STATE',
    options: states,
    multiple: true,
    multipleNonGreedy: true,
    description: 'only conditions in this state; may be repeated',
  }),
};

interface Given {
  readonly where?: readonly string[] | undefined;
  readonly failed?: boolean | undefined;
  readonly state?: readonly string[] | undefined;
}

/** The selection that names and flags make. @param folder the experiment's. @throws WrongQuery */
export const selectionOf = (
  names: readonly string[],
  { where, failed, state }: Given,
  { home, now, notify }: Pick<Session, 'home' | 'now' | 'notify'>,
  folder: string,
): Selection => ({
  names,
  where: conditionFilter(where, {
    rows: () => openHistory(home, folder).rows,
    fieldsOf: (rows) => fieldsOf(rows, home),
    now,
    note: (remark) => notify.note(remark),
  }),
  states: [...(state ?? []), ...(failed ? ['failed', 'lost'] : [])],
});

/** The words for a line that continues with the same conditions. @param flag the one that takes names */
export const selectionWords = (flag: string, { names, where, states: wanted }: Selection): string[] => [
  ...names.flatMap((name) => [flag, name]),
  ...(where?.texts ?? []).flatMap((text) => ['--where', text]),
  ...wanted.flatMap((state) => ['--state', state]),
];

/** `No condition is failed or lost.`: the names are right, but no condition is in that state. */
export const noneIn = ({ states: wanted }: Selection): string => `No condition is ${wanted.join(' or ')}.`;
