import { cutAtEnd, cutInTheMiddle } from './fold.js';
import { joined, Styled, type Text } from './style.js';
import { visibleLine, widthOf } from './text.js';

export interface Column {
  readonly head: string;
  /** Its maximum width, in columns of the terminal. */
  readonly atMost?: number;
  /** On a narrow terminal it may be cut to this width. Without it, it is shown whole or left out: a number that is cut
   * is another number. */
  readonly least?: number;
  /** The part that is cut from a cell; default: its end. */
  readonly cut?: 'middle';
  /** A shorter form of a cell, used where it would be cut. */
  readonly brief?: (cell: string) => string;
  /** On a narrow terminal the column with the highest number is left out first. Columns without a number stay. */
  readonly gives?: number;
  /** It is not drawn if all its cells that are not empty are equal. */
  readonly whereItDiffers?: boolean;
}

/** A cell is data on one line, with at most one style. */
export type Cell = string | Styled;

const gap = 2;

export interface Table {
  readonly text: Text;
  /** Heads of the columns for which there was no room. */
  readonly leftOut: readonly string[];
  /** Whether there was room for all columns as a whole. */
  readonly isWhole: boolean;
}

/** A table without lines. None of its rows is wider than `width`, unless the columns that stay have no room. Empty
 * columns are not drawn. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): Table {
  const all = [columns.map(({ head }) => head), ...rows];
  const texts = all.map((row) => columns.map((_, index) => plain(row[index] ?? '')));
  const saying = columns.map((column, index) => ({ column, index })).filter(says(texts.slice(1)));
  const sized = saying.map(({ column, index }) => ({
    column,
    index,
    size: Math.min(
      Math.max(...texts.map((row) => widthOf(row[index] ?? ''))),
      column.atMost ?? Number.POSITIVE_INFINITY,
    ),
  }));
  const shown = fitted(sized, width);
  const leftOut = sized
    .filter(({ index }) => !shown.some((one) => one.index === index))
    .map(({ column }) => column.head);
  const line = (row: readonly Cell[], place: number): Text => {
    const last = shown.findLastIndex(({ index }) => texts[place]?.[index]);
    return shown.slice(0, last + 1).map(({ index, column, size }, at) => {
      const cut = column.cut === 'middle' ? cutInTheMiddle : cutAtEnd;
      const whole = texts[place]?.[index] ?? '';
      const text = widthOf(whole) <= size ? whole : cut(column.brief?.(whole) ?? whole, size);
      const cell = row[index];
      const room = at < last ? ' '.repeat(size + gap - widthOf(text)) : '';
      return [cell instanceof Styled ? new Styled(cell.style, text) : text, room];
    });
  };
  return { text: joined(all.map(line), '\n'), leftOut, isWhole: widthOfAll(sized) <= width };
}

function plain(cell: Text): string {
  if (typeof cell === 'string') return visibleLine(cell).trimEnd();
  return cell instanceof Styled ? plain(cell.text) : cell.map(plain).join('');
}

const says =
  (rows: readonly (readonly string[])[]) =>
  ({ column, index }: { readonly column: Column; readonly index: number }): boolean =>
    new Set(rows.map((row) => row[index]).filter(Boolean)).size > (column.whereItDiffers ? 1 : 0);

interface Sized {
  readonly column: Column;
  readonly index: number;
  /** Columns of the terminal. */
  readonly size: number;
}

/** The columns for which there is room: those with the highest `gives` go, until the others fit when cut to their
 * minimum; then these are cut only as far as needed. */
function fitted(columns: readonly Sized[], width: number): readonly Sized[] {
  let shown = columns;
  for (const giving of inTurn(columns)) {
    if (widthOfAll(shown.map(leastOf)) <= width || giving.column.gives === undefined) break;
    shown = shown.filter(({ index }) => index !== giving.index);
  }
  for (const giving of inTurn(shown)) {
    const excess = Math.max(0, widthOfAll(shown) - width);
    const size = Math.max(leastOf(giving).size, giving.size - excess);
    shown = shown.map((one) => (one.index === giving.index ? { ...one, size } : one));
  }
  return shown;
}

/** In the order in which they are left out; those that stay come last. */
const inTurn = (columns: readonly Sized[]): Sized[] =>
  [...columns].sort(
    (one, other) => (other.column.gives ?? -1) - (one.column.gives ?? -1) || other.index - one.index,
  );

const leastOf = (one: Sized): Sized => ({ ...one, size: Math.min(one.size, one.column.least ?? one.size) });

const widthOfAll = (columns: readonly Sized[]): number =>
  columns.reduce((sum, { size }) => sum + size + gap, 0) - gap;
