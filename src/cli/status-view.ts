import type { JobReport, RunState } from '../machines/job-state.js';
import { type ConditionStatus, type ExperimentStatus, judged, progressOf } from '../operations/look/rows.js';
import { count } from '../phrases.js';
import type { RunRecord } from '../runs/record.js';
import { cyan, dim, green, joined, red, type Text, yellow } from './style.js';
import { type Cell, table } from './table.js';
import { visibleText } from './text.js';
import { between } from './time.js';

export interface View {
  readonly width: number;
  /** Rows that fit; the others are counted. */
  readonly height: number;
  readonly now: Date;
}

/** From this width on, in columns, there is room for what was measured and what was said. */
const wide = 120;

const columnsFor = (width: number) => [
  { head: 'CONDITION', atMost: 36, stays: true },
  { head: 'STATE', atMost: 20, stays: true },
  { head: 'EXIT', atMost: 4 },
  { head: 'TIME', atMost: 7 },
  { head: 'AGE', atMost: 7 },
  ...(width < wide ? [{ head: 'LATEST' }] : [{ head: 'MEASURE' }, { head: 'LAST LINE' }]),
  { head: 'MACHINE' },
];

/** The table that people look at, and how many of how many under it. */
export function statusView(status: ExperimentStatus, view: View): Text {
  const rows = visible(status.conditions, view.height);
  const hidden = status.conditions.length - rows.length;
  const lines: Text[] = [
    table(
      columnsFor(view.width),
      rows.map((row) => cells(row, view)),
      view.width,
    ),
    ...(hidden > 0 ? [dim(`… and ${hidden} more`)] : []),
    '',
    summary(status, view),
  ];
  return joined(lines, '\n');
}

/** Where not all fit, those at work come first, then those that went wrong. */
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

function cells({ condition, record, report, silent }: ConditionStatus, view: View): Cell[] {
  if (!record) return [condition, dim('not run')];
  const began = record.started ?? record.times.running;
  const state =
    record.reason && record.reason !== 'exit' ? `${record.state} (${record.reason})` : record.state;
  return [
    condition,
    tint(record.state, report?.orphan ? `${state}, unattended` : state),
    record.exit_code === null ? '' : String(record.exit_code),
    between(began, record.finished, view.now),
    between(record.created, null, view.now),
    ...(view.width < wide ? [latest(record, report)] : [measuresOf(report), saidBy(report)]),
    silent
      ? yellow(
          `${record.machine.name}, ${silent.canStart ? 'stopped' : 'unreachable'} for ${between(silent.since.toISOString(), null, view.now)}`,
        )
      : record.machine.name,
  ];
}

function tint(state: RunState, text: string): Cell {
  if (state === 'succeeded') return green(text);
  if (state === 'failed' || state === 'lost') return red(text);
  if (state === 'stopped') return yellow(text);
  return state === 'pending' ? dim(text) : cyan(text);
}

/** What a run reports, if it measures anything; the last thing that it said, if not, or if it went wrong. */
function latest(record: RunRecord, report: JobReport | null): string {
  const [measured, said] = [measuresOf(report), saidBy(report)];
  return ['failed', 'lost', 'stopped'].includes(record.state) ? said || measured : measured || said;
}

const saidBy = (report: JobReport | null) => visibleText(report?.lastLine ?? '');
const measuresOf = (report: JobReport | null) => measures(report?.summary ?? report?.measure ?? {});

/** `accuracy 0.9537  loss 0.2`: numbers only, in the order of the file. */
function measures(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : Number(value.toPrecision(4))}`)
    .join('  ');
}

/** `6 of 8 ended: 5 succeeded, 1 failed; 2 running`. */
function summary(status: ExperimentStatus, { now }: View): Text {
  const rows = status.deployment ? judged(status) : status.conditions;
  const counts = new Map<string, number>();
  for (const row of rows) {
    const state = row.record?.state ?? 'not run';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const list = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  if (!status.deployment) return `${count(rows.length, 'condition')}: ${list}`;
  const { ended, of } = progressOf(status);
  const where = `commit ${status.deployment.commit.slice(0, 10)} on ${status.deployment.target}`;
  if (of === 0) return dim(`None of the deployment that was made last is left to judge (${where}).`);
  const end = status.deployment.released !== null ? ', terminated' : '';
  const images = new Set(rows.flatMap((row) => row.record?.image.id ?? []));
  const differ =
    images.size > 1 ? yellow('\nIts runs had different images: see image.id in their run.json.') : '';
  const full = rows.find((row) => row.report?.full)?.record?.machine.name;
  const room = full ? yellow(`\nThe disk is full on ${full}: nothing new starts until there is room.`) : '';
  const silent = status.silent.map(({ problem, since }) =>
    yellow(
      `\n${problem.message} So it has been for ${between(since.toISOString(), null, now)}; what is shown of its jobs is from before.`,
    ),
  );
  return [
    `${ended} of ${of} ended: ${list || 'none'} `,
    dim(`(${where}${end})`),
    ...[differ, room, ...silent],
  ];
}
