import { argumentValues } from '../experiment/argument-values.js';
import type { ConditionFilter, Selectable } from '../experiment/select.js';
import { count } from '../phrases.js';
import { measuredBy } from '../runs/measures/measured.js';
import { type RunRow, unreadableRow } from '../runs/rows/row.js';
import type { Fields } from './fields.js';
import type { Name } from './name.js';
import { WrongQuery } from './tokens.js';
import { textOf } from './value.js';
import { filterOf } from './where.js';
import { namesIn, readRunsWhere, type Where } from './where-text.js';

// Pure: `--where` of verbs about conditions. It is the language of `history`; what a name means is taken from the
// condition's arguments and its run.

export interface KnownRuns {
  /** All runs, oldest first. Called only if arguments alone do not decide. */
  readonly rows: () => readonly RunRow[];
  /** Fields of these rows. */
  readonly fieldsOf: (rows: readonly RunRow[]) => Fields;
  readonly now: () => Date;
  /** Receives what should be known of the comparisons, a sentence each. */
  readonly note: (remark: string) => void;
}

/** The most values that an error lists. */
const mostShown = 10;

/** @param texts as typed, all of which must match; none: null. @throws WrongQuery for one that cannot be read */
export function conditionFilter(
  texts: readonly string[] | undefined,
  known: KnownRuns,
): ConditionFilter | null {
  if (texts === undefined || texts.length === 0) return null;
  const where = texts.map(readConditionsWhere);
  const names = where.flatMap(namesIn);
  let all: readonly RunRow[] | null = null;
  const told = new Set<string>();
  return {
    texts,
    fitting(conditions) {
      const given = new Set(conditions.flatMap((one) => [...wordsOf(one).keys()]));
      const areArguments = names.every(
        ({ space, name }) => space === 'argument' || (!space && given.has(name)),
      );
      if (!areArguments) all ??= known.rows();
      const rows = rowsOf(conditions, all ?? []);
      const fields = known.fieldsOf(rows).aboutConditions();
      const filter = filterOf(where, fields, known.now());
      const found = conditions.filter((_, at) => filter.matches(rows[at] as RunRow));
      for (const remark of filter.remarks()) if (!told.has(remark)) known.note(remark);
      for (const remark of filter.remarks()) told.add(remark);
      if (found.length === 0) throw noneFits(texts, names, fields);
      return found;
    },
  };
}

/** As `readRunsWhere`; also a single comparison whose name or value has blanks, and is in no quotes. */
function readConditionsWhere(text: string): Where {
  try {
    return readRunsWhere(text);
  } catch (error) {
    const [, name = '', sign, value = ''] = /^([^=!<>()"']*)(==|!=|<=|>=|=|<|>)([^()"']*)$/.exec(text) ?? [];
    // Another sign, or one of its words, is of a longer text with a mistake in it.
    if (sign === undefined || name.trim() === '' || /\s(?:\S*[=<>]|and\b|or\b|not\b)/i.test(value.trim()))
      throw error;
    return readRunsWhere(`"${name.trim().replace(/^-+/, '')}" ${sign} "${value.trim()}"`);
  }
}

const wordsOf = ({ given }: Selectable) =>
  given ? argumentValues(given) : new Map<string, readonly string[]>();

/** The row of each condition: of its run, as far as is known, with its own arguments. */
function rowsOf(conditions: readonly Selectable[], all: readonly RunRow[]): RunRow[] {
  const byRun = new Map(all.map((row) => [row.run, row]));
  const newest = new Map(all.map((row) => [row.condition, row]));
  return conditions.map((one) => {
    const row = one.run === undefined ? newest.get(one.id) : byRun.get(one.run ?? '');
    const words = Object.fromEntries(wordsOf(one));
    const base = row ?? { ...unreadableRow('', ''), home: '', attempt: 0, condition: one.id, state: 'none' };
    const state = one.state === undefined ? base.state : (one.state ?? 'none');
    return { ...base, words, ...measuredNow(one, base), state: state as RunRow['state'] };
  });
}

/** Over what is collected of its measures, what its machine has reported. */
function measuredNow({ measures = {} }: Selectable, row: Pick<RunRow, 'summary' | 'values'>) {
  const value = { ...row.summary, ...measures };
  const { summary } = measuredBy([{ path: ['summary.json'], kind: 'json', value }]);
  return { summary: Object.keys(summary ?? {}).length > 0 ? summary : row.summary };
}

function noneFits(texts: readonly string[], names: readonly Name[], fields: Fields): WrongQuery {
  const asked = texts.map((text) => `--where "${text}"`).join(' ');
  const known = new Map(names.map((name) => [name.text, fields.find(name, '--where')]));
  const values = [...known].map(([text, field]) => {
    const all = new Set(fields.rows.map((row) => textOf(field.of(row)).replaceAll(',', ' ')));
    const some = [...all].filter((value) => value !== '');
    const more = some.length - mostShown;
    const shown = `${some.slice(0, mostShown).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
    return `  ${text}: ${some.length > 0 ? shown : `none of ${count(fields.rows.length, 'condition')} has a value`}`;
  });
  return new WrongQuery([`No condition fits ${asked}. The values are:`, ...values].join('\n'));
}
