import Table from 'cli-table3';
import stringWidth from 'string-width';

export interface Column {
  readonly head: string;
  /** Widest that it may be; a column without takes what is left of the line. */
  readonly atMost?: number;
  /** It stays, if need be narrower, where others have gone. */
  readonly stays?: boolean;
}

const noBorders = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((part) => [part, '']),
);

const gap = 2;

/** A table without lines, no row wider than `width`: the columns without a bound give way first, then the others
 *  that need not stay, then the first becomes narrower. Columns in which no row has anything are left out. */
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
    filled.map((index) => columns[index] ?? { head: '' }),
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

/** Widths that fit in `width`: bounded columns keep theirs as long as they can, the others share what is left,
 *  from the last backwards; one with hardly anything left goes. */
function widthsFor(natural: readonly number[], columns: readonly Column[], width: number): number[] {
  const sizes = natural.map((size, place) => Math.min(size, columns[place]?.atMost ?? size));
  const excess = () => sizes.reduce((sum, size) => sum + (size > 0 ? size + gap : 0), 0) - gap - width;
  const fromTheLast = (give: (place: number) => void, giving: (column: Column | undefined) => boolean) => {
    for (let place = sizes.length - 1; place >= 0; place--) {
      if (excess() > 0 && giving(columns[place])) give(place);
    }
  };
  const narrower = (place: number, least: number) => {
    const room = (sizes[place] ?? 0) - excess();
    sizes[place] = room >= least ? room : 0;
  };
  fromTheLast(
    (place) => narrower(place, 8),
    (column) => !column?.stays && column?.atMost === undefined,
  );
  fromTheLast(
    (place) => {
      sizes[place] = 0;
    },
    (column) => !column?.stays,
  );
  if (excess() > 0) sizes[0] = Math.max(1, (sizes[0] ?? 0) - excess());
  return sizes;
}

/** `1 condition`, `2 conditions`. */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;
