import { joined, Styled, type Text } from './style.js';
import { visibleLine, widthOf } from './text.js';

export interface Column {
  readonly head: string;
  /** Widest that it may be; a column without takes what is left of the line. */
  readonly atMost?: number;
  /** It stays, if need be narrower, where others have gone. */
  readonly stays?: boolean;
}

/** A cell is data, on one line; it has one style or none. */
export type Cell = string | Styled;

const gap = 2;

/** A table without lines, no row wider than `width`: the columns without a bound give way first, then the others
 *  that need not stay, then the first becomes narrower. Columns in which no row has anything are left out. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): Text {
  const all = [columns.map(({ head }) => head), ...rows];
  const texts = all.map((row) => columns.map((_, index) => plain(row[index] ?? '')));
  const filled = columns.map((_, index) => index).filter((index) => texts.slice(1).some((row) => row[index]));
  const natural = filled.map((index) => Math.max(...texts.map((row) => widthOf(row[index] ?? ''))));
  const widths = widthsFor(
    natural,
    filled.map((index) => columns[index] ?? { head: '' }),
    width,
  );
  const shown = filled
    .map((index, place) => ({ index, size: widths[place] ?? 0 }))
    .filter(({ size }) => size > 0);
  const line = (row: readonly Cell[], place: number): Text => {
    const last = shown.findLastIndex(({ index }) => texts[place]?.[index]);
    return shown.slice(0, last + 1).map(({ index, size }, at) => {
      const text = shortened(texts[place]?.[index] ?? '', size);
      const cell = row[index];
      const room = at < last ? ' '.repeat(size + gap - widthOf(text)) : '';
      return [cell instanceof Styled ? new Styled(cell.style, text) : text, room];
    });
  };
  return joined(all.map(line), '\n');
}

function plain(cell: Text): string {
  if (typeof cell === 'string') return visibleLine(cell).trimEnd();
  return cell instanceof Styled ? plain(cell.text) : cell.map(plain).join('');
}

const graphemes = new Intl.Segmenter();

/** The beginning of the text, and an ellipsis, where it is wider. */
function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let room = width - 1;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    room -= widthOf(segment);
    if (room < 0) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end)}…`;
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
