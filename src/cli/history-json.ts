import { number } from '../experiment/same-value.js';
import { secondsOf } from '../history/attributes.js';
import type { Field } from '../history/fields.js';
import { type Group, numbersOf, summed } from '../history/group.js';
import type { Value } from '../history/value.js';
import { numberOf } from '../history/value.js';
import { hasOddNumber } from '../machines/numbers-in-json.js';
import { allValues } from '../runs/measures/measured.js';
import type { RunFacts, RunRow } from '../runs/rows/row.js';
import { jsonText, plainJsonText } from './text.js';

/** The form of a run in `history`, which programs read. Fields may be added; a change of one's meaning changes it. */
const schema = 1;

/** A run in `history --json` and `--jsonl`. Times are ISO 8601 in UTC. */
export const runJson = (row: RunRow) => ({ ...headOf(row), ...row.facts, ...restOf(row) });

/** The same as text, for many: facts that runs share are made into text once. */
export function runTexts(): (row: RunRow) => string {
  const facts = new Map<RunFacts, string>();
  const homes = new Map<string, string>();
  return (row) => {
    const shared = kept(facts, row.facts, () => jsonText(row.facts).slice(1, -1));
    const home = kept(homes, row.home, () => jsonText(row.home).slice(1, -1));
    const { run } = row;
    const isOdd = hasOddNumber(row.summary) || hasOddNumber(row.values) || hasOddNumber(row.series);
    const rest = isOdd ? jsonText(restOf(row)) : plainJsonText(restOf(row));
    // An id of a run has nothing that is escaped.
    return `{"schema":${schema},"run":"${run}","folder":"${home}/runs/${run}",${shared},${rest.slice(1)}`;
  };
}

function kept<K>(known: Map<K, string>, key: K, make: () => string): string {
  const text = known.get(key) ?? make();
  known.set(key, text);
  return text;
}

const headOf = ({ run, home }: RunRow) => ({ schema, run, folder: folderOf({ run, home }) });

export const folderOf = ({ run, home }: Pick<RunRow, 'run' | 'home'>): string => `${home}/runs/${run}`;

const restOf = (row: RunRow) => ({
  condition: row.condition,
  attempt: row.attempt,
  continues: row.continues,
  came_from: row.came_from,
  state: row.state,
  reason: row.reason,
  exit_code: row.exit_code,
  created: row.created,
  started: row.started,
  finished: row.finished,
  seconds: secondsOf(row) ?? null,
  argv: row.argv,
  arguments: argumentsJson(row),
  parameters: parsed(row.parameters),
  measures: allValues(row),
  summary: row.summary,
  series: row.series,
  notes: row.notes,
  tags: row.tags,
  problems: row.problems,
});

/** Arguments by name: numbers as numbers, `true` and `false`, and lists. The words as they are are in `argv`. */
function argumentsJson({ words }: RunRow): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(words).map(([name, values]) => [
      name,
      values.length === 1 ? typed(values[0] ?? '') : values.map(typed),
    ]),
  );
}

function typed(word: string): unknown {
  if (word === 'true' || word === 'false') return word === 'true';
  // A number that has more digits than JSON's readers keep stays a text.
  const isExact = !/^[-+]?\d+$/.test(word) || Number.isSafeInteger(Number(word));
  return number.test(word) && isExact ? Number(word) : word;
}

function parsed(text: string): unknown {
  if (text === '{}') return {};
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The asked-for columns of a run. */
export const columnsJson = (row: RunRow, columns: readonly Field[]): Record<string, unknown> => ({
  run: row.run,
  ...Object.fromEntries(columns.map((field) => [field.head, valueJson(field, field.of(row))])),
});

/** A value for programs; null: none. */
export function valueJson(field: Field, value: Value): unknown {
  if (value === undefined) return null;
  if (field.space !== 'argument' || value === null) return value;
  return typeof value === 'object' ? value.map(typed) : typed(String(value));
}

/** A group of runs: what they have in common, and their measures together. */
export const groupJson = ({ keys, rows }: Group, by: readonly Field[], measures: readonly Field[]) => ({
  by: Object.fromEntries(by.map((field, at) => [field.head, valueJson(field, keys[at])])),
  n: rows.length,
  runs: rows.map(({ run }) => run),
  measures: Object.fromEntries(
    measures.flatMap((field) => {
      const sums = summed(numbersOf(rows, field));
      return sums ? [[field.head, sums]] : [];
    }),
  ),
});

/** Whether a field has a number in any run. */
export const hasNumbers = (field: Field, rows: readonly RunRow[]): boolean =>
  rows.some((row) => numberOf(field, field.of(row)) !== null);
