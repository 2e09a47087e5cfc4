import { argumentValues } from '../experiment/argument-values.js';
import { joinWords } from '../experiment/words.js';
import { type ConditionStatus, type ExperimentStatus, judged, progressOf } from '../operations/look/rows.js';
import { count } from '../phrases.js';
import { filled } from './fold.js';
import { heldLines } from './held-view.js';
import { measuresOf, measureText } from './measures.js';
import { stateText, tint } from './state-cell.js';
import { dim, joined, type Text, yellow } from './style.js';
import { type Cell, type Column, table } from './table.js';
import { visibleLine, visibleText, widthOf } from './text.js';
import { between } from './time.js';

export interface View {
  readonly width: number;
  /** Rows that fit; the rest are only counted. */
  readonly height: number;
  readonly now: Date;
  /** The measure that is shown first. Default: none. */
  readonly objective?: string | null;
}

/** A column, and its cell for each condition. */
interface Told extends Column {
  readonly cell: (row: ConditionStatus) => Cell;
}

/** On a narrow terminal the column with the highest number is left out first; arguments and measures from the last
 * on. */
const gives = { age: 90, lastLine: 80, time: 60, argument: 50, commit: 30, measure: 20, place: 10 };

/** The table of conditions, and counts below it. */
export function statusView(status: ExperimentStatus, view: View): Text {
  const rows = visible(status.conditions, view.height);
  const hidden = status.conditions.length - rows.length;
  const columns = columnsOf(status.conditions, view);
  const { text, leftOut } = table(
    columns,
    rows.map((row) => columns.map(({ cell }) => cell(row))),
    view.width,
  );
  const lines: Text[] = [
    text,
    ...(hidden > 0 ? [dim(`… and ${hidden} more`)] : []),
    ...noteOf(leftOut, columns, view.width),
    '',
    summary(status, view),
  ];
  return joined(lines, '\n');
}

function columnsOf(rows: readonly ConditionStatus[], { now, width, objective }: View): Told[] {
  const isSilent = rows.some(({ silent }) => silent);
  return [
    {
      head: 'CONDITION',
      // Wide enough for the beginning of most to differ.
      least: Math.min(24, Math.floor(width * 0.3)),
      cut: 'middle',
      // The beginning of an id is enough to name a condition.
      brief: (id) => id.replace(/-[0-9a-f]{10}$/, ''),
      cell: ({ condition }) => condition,
    },
    ...argumentColumns(rows),
    { head: 'STATE', cell: stateOf },
    { head: 'TIME', gives: gives.time, cell: ({ record }) => timeOf(record, now) },
    { head: 'AGE', gives: gives.age, cell: ({ record }) => between(record?.created, null, now) },
    ...measureColumns(rows, objective ?? null),
    {
      head: 'COMMIT',
      gives: gives.commit,
      whereItDiffers: true,
      cell: ({ record }) => record?.recipe.source.commit.slice(0, 10) ?? '',
    },
    {
      head: 'MACHINE',
      ...(isSilent ? {} : { gives: gives.place }),
      atMost: 30,
      least: 10,
      whereItDiffers: !isSilent,
      cell: ({ record, silent }) => {
        const name = record?.machine.name ?? '';
        return silent ? yellow(name) : name;
      },
    },
    { head: 'LAST LINE', gives: gives.lastLine, least: 16, cell: saidBy },
  ];
}

/** A column for each argument that varies between conditions. */
function argumentColumns(rows: readonly ConditionStatus[]): Told[] {
  const known = new Map(rows.map((row) => [row, row.given ? argumentValues(row.given) : new Map()]));
  const wordsOf = (row: ConditionStatus, name: string) => joinWords(known.get(row)?.get(name) ?? []);
  const names = new Set([...known.values()].flatMap((values) => [...values.keys()]));
  const varied = [...names].filter((name) => new Set(rows.map((row) => wordsOf(row, name))).size > 1);
  return varied.map((name) => ({
    head: name,
    gives: gives.argument,
    atMost: 24,
    least: 8,
    cut: 'middle' as const,
    cell: (row) => wordsOf(row, name),
  }));
}

/** A column for each measure of any condition, in the order in which they first appear, after the objective. */
function measureColumns(rows: readonly ConditionStatus[], objective: string | null): Told[] {
  const known = new Map(rows.map((row) => [row, measuresOf(row.report, objective)]));
  const found = [...known.values()].flatMap((values) => [...values.keys()]);
  const names = new Set(objective !== null && found.includes(objective) ? [objective, ...found] : found);
  return [...names].map((name) => ({
    head: name,
    gives: name === objective ? gives.place : gives.measure,
    cell: (row) => {
      const value = known.get(row)?.get(name);
      return value === undefined ? '' : measureText(value);
    },
  }));
}

/** If not all fit, running ones come first, then failed ones. */
function visible(rows: readonly ConditionStatus[], height: number): readonly ConditionStatus[] {
  if (rows.length <= height) return rows;
  const rank = ({ record }: ConditionStatus) =>
    ['building', 'fetching', 'running', 'failed', 'lost', 'stopped', 'pending', 'succeeded'].indexOf(
      record?.state ?? '',
    );
  return [...rows]
    .sort((one, other) => ((rank(one) + 9) % 9) - ((rank(other) + 9) % 9))
    .slice(0, Math.max(1, height));
}

/** `running`, `failed (exit 3)`, `running, unreachable`. */
function stateOf({ record, report, silent }: ConditionStatus): Cell {
  if (!record) return dim('not run');
  const state = stateText(record);
  if (silent) return yellow(`${state}, ${silent.canStart ? 'machine stopped' : 'unreachable'}`);
  return tint(record.state, report?.orphan ? `${state}, unattended` : state);
}

const timeOf = (record: ConditionStatus['record'], now: Date): string =>
  record ? between(record.started ?? record.times.running, record.finished, now) : '';

const saidBy = ({ report }: ConditionStatus): string => visibleText(report?.lastLine ?? '');

/** The columns that had no room, if they are worth naming. */
function noteOf(leftOut: readonly string[], columns: readonly Told[], width: number): Text[] {
  const missed = columns.filter(
    ({ head, gives: rank }) =>
      leftOut.includes(head) && (rank === gives.measure || rank === gives.place || rank === gives.commit),
  );
  if (missed.length === 0) return [];
  const names = missed.map(({ head }) => visibleLine(head)).join(', ');
  return [dim(filled(`No room for: ${names}. Widen the window, or use --json.`, width))];
}

/** `6 of 8 ended: 5 succeeded, 1 failed; 2 running`. */
function summary(status: ExperimentStatus, { now, width }: View): Text {
  const rows = status.deployment ? judged(status) : status.conditions;
  const counts = new Map<string, number>();
  for (const row of rows) {
    const state = row.record?.state ?? 'not run';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const list = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  if (!status.deployment) return filled(`${count(rows.length, 'condition')}: ${list}`, width);
  const { ended, of } = progressOf(status);
  const { commit, target, message } = status.deployment;
  const why = message ? `, ${JSON.stringify(visibleText(message))}` : '';
  const where = `commit ${commit.slice(0, 10)} on ${target}${why}`;
  if (of === 0)
    return dim(
      filled(`No condition of the last deployment (${where}) is in parameters.json any more.`, width),
    );
  const end = status.deployment.released !== null ? ', terminated' : '';
  const images = new Set(rows.flatMap((row) => row.record?.image.id ?? []));
  const differ = images.size > 1 ? ['Its runs had different images: see image.id in their run.json.'] : [];
  const full = rows.find((row) => row.report?.full)?.record?.machine.name;
  const room = full ? [`The disk is full on ${full}: nothing new starts until there is room.`] : [];
  const silent = status.silent.map(
    ({ problem, since }) =>
      `${problem.message} That was ${between(since.toISOString(), null, now)} ago: its jobs are shown as last seen.`,
  );
  const progress = `${ended} of ${of} ended: ${list || 'none'}`;
  const fits = widthOf(`${progress} (${where}${end})`) <= width;
  return joined(
    [
      fits ? [progress, dim(` (${where}${end})`)] : [filled(progress, width), '\n', dim(`${where}${end}`)],
      ...[...differ, ...room, ...heldLines(status), ...silent].map((text) => yellow(filled(text, width))),
    ],
    '\n',
  );
}
