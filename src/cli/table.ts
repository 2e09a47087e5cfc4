import Table from 'cli-table3';
import stringWidth from 'string-width';

export interface Column {
  readonly head: string;
  /** Widest that it may be; a column without takes what is left of the line. */
  readonly atMost?: number;
}

const noBorders = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((part) => [part, '']),
);

const gap = 2;

/** A table without lines, no row wider than `width`: the columns without a bound give way first. Columns
 *  in which no row has anything are left out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const filled = columns.map((_, index) => index).filter((index) => rows.some((row) => row[index]));
  const natural = filled.map((index) =>
    Math.max(
      ...[columns[index]?.head ?? '', ...rows.map((row) => row[index] ?? '')].map((cell) =>
        stringWidth(cell),
      ),
    ),
  );
  const widths = widthsFor(
    natural,
    filled.map((index) => columns[index]?.atMost),
    width,
  );
  const shown = filled.filter((_, place) => (widths[place] ?? 0) > 0);
  const view = new Table({
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap, compact: true },
    head: shown.map((index) => columns[index]?.head ?? ''),
    colWidths: widths.filter((size) => size > 0).map((size) => size + gap),
  });
  view.push(...rows.map((row) => shown.map((index) => row[index] ?? '')));
  return view
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Widths that fit in `width`: bounded columns keep theirs, the others share what is left, from the last
 *  backwards; one with hardly anything left goes. */
function widthsFor(
  natural: readonly number[],
  bounds: readonly (number | undefined)[],
  width: number,
): number[] {
  const sizes = natural.map((size, place) => Math.min(size, bounds[place] ?? size));
  const total = () => sizes.reduce((sum, size) => sum + (size > 0 ? size + gap : 0), 0) - gap;
  for (let place = sizes.length - 1; place >= 0 && total() > width; place--) {
    if (bounds[place] !== undefined) continue;
    const room = (sizes[place] ?? 0) - (total() - width);
    sizes[place] = room >= 8 ? room : 0;
  }
  return sizes;
}

/** `1 condition`, `2 conditions`. */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;
