import type { Compared, ComparedMeasure, Comparison } from '../history/compare.js';
import { textOf } from '../history/value.js';
import type { Between } from '../operations/history/commits.js';
import { filled } from './fold.js';
import { measureText } from './measures.js';
import { bold, dim, joined, type Text } from './style.js';
import { type Column, table } from './table.js';

/** Parts of which people want to know that they are the same, in their words. */
const told: readonly (readonly [string, (one: Compared) => boolean])[] = [
  ['arguments', ({ part }) => part === 'argument'],
  ['commit', ({ part, name }) => part === 'code' && name === 'commit'],
  ['image', ({ part, name }) => part === 'image' && name === 'image'],
  ['inputs', ({ part }) => part === 'input'],
  ['machine', ({ part, name }) => part === 'machine' && name === 'machine'],
];

/** @param ids as they are shown. @param all also what is the same */
export function compareView(
  { inputs, measures }: Comparison,
  between: Between | null,
  { ids, width, all }: { readonly ids: readonly string[]; readonly width: number; readonly all: boolean },
): Text {
  const shown = inputs.filter((one) => all || !one.isSame);
  const same = told.filter(([, is]) => inputs.some(is) && inputs.filter(is).every(({ isSame }) => isSame));
  const parts: Text[] = [
    ...(same.length > 0 ? [filled(`Same ${same.map(([name]) => name).join(', same ')}.`, width)] : []),
    shown.length > 0 ? inputTable(shown, ids, width) : 'Nothing that went in differs.',
    ...betweenLines(between),
    measures.length > 0 ? measureTable(measures, ids, width) : dim('None has measures.'),
  ];
  return joined(parts, '\n\n');
}

const cutColumn = (head: string): Column => ({ head, least: 12, cut: 'middle' });

function inputTable(shown: readonly Compared[], ids: readonly string[], width: number): Text {
  const lines = shown.map((one) => ({
    name: labelOf(one),
    values: one.values.map((value) => shortOf(one, value)),
  }));
  const beside = table(
    ['WENT IN', ...ids].map(cutColumn),
    lines.map(({ name, values }) => [name, ...values]),
    width,
  );
  if (beside.isWhole) return beside.text;
  return lineARun(['WENT IN', 'RUN', 'VALUE'].map(cutColumn), lines, ids, width);
}

/** Two runs beside each other; of more there is no room for the differences. */
function measureTable(measures: readonly ComparedMeasure[], ids: readonly string[], width: number): Text {
  const lines = measures.map(({ name, values, differences }) => ({
    name,
    values: values.map((value) => (typeof value === 'number' ? measureText(value) : textOf(value) || '-')),
    differences: differences.map((one, run) => (run === 0 ? '' : differenceText(one))),
  }));
  const difference: Column = { head: 'DIFFERENCE' };
  if (ids.length === 2) {
    const beside = table(
      [...['MEASURE', ...ids].map(cutColumn), difference],
      lines.map(({ name, values, differences }) => [name, ...values, differences[1] ?? '']),
      width,
    );
    if (beside.isWhole) return beside.text;
  }
  return lineARun([...['MEASURE', 'RUN', 'VALUE'].map(cutColumn), difference], lines, ids, width);
}

interface Line {
  readonly name: string;
  readonly values: readonly string[];
  readonly differences?: readonly string[];
}

/** For any number of runs. */
function lineARun(
  columns: readonly Column[],
  lines: readonly Line[],
  ids: readonly string[],
  width: number,
): Text {
  const rows = lines.flatMap(({ name, values, differences }) =>
    ids.map((id, run) => [run === 0 ? name : '', id, values[run] ?? '', differences?.[run] ?? '']),
  );
  return table(columns, rows, width).text;
}

const labelOf = ({ part, name }: Compared): string =>
  part === 'input' || part === 'environment' || part === 'tool' ? `${part} ${name}` : name;

/** An id by its beginning. */
function shortOf({ part, name }: Compared, value: string | null): string {
  if (value === null) return '-';
  if (part === 'code' && /^[0-9a-f]{40,64}$/.test(value)) return value.slice(0, 10);
  if (part === 'image' || part === 'input') return value.replace(/([0-9a-f]{12})[0-9a-f]{28,}/, '$1');
  return name === 'memory_bytes' ? `${(Number(value) / 2 ** 30).toFixed(1)} GiB` : value;
}

function betweenLines(between: Between | null): Text[] {
  if (!between || between.log.length + between.changes.length === 0) return [];
  return [
    joined(
      [
        ...(between.log.length > 0 ? [bold('Commits between them'), ...between.log] : []),
        ...(between.changes.length > 0 ? [bold('Changes between them'), ...between.changes] : []),
      ],
      '\n',
    ),
  ];
}

/** `+0.02 (+2.1 %)`. */
function differenceText(difference: ComparedMeasure['differences'][number]): string {
  if (difference === null) return '';
  const { absolute, relative } = difference;
  if (absolute === 0) return 'none';
  const sign = absolute > 0 ? '+' : '';
  const share =
    relative === null || !Number.isFinite(relative)
      ? ''
      : ` (${sign}${Number((100 * relative).toPrecision(2))} %)`;
  return `${sign}${measureText(absolute)}${share}`;
}
