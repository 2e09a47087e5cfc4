import { widthOf } from './text.js';

let segmenter: Intl.Segmenter | null = null;

/** What a terminal shows as one character each, with its place. Making the segmenter takes longer than most commands
 * need for their own code, and few texts need one. */
function graphemesOf(text: string): readonly { readonly segment: string; readonly index: number }[] {
  if (/^[\x20-\x7e]*$/.test(text)) return Array.from(text, (segment, index) => ({ segment, index }));
  segmenter ??= new Intl.Segmenter();
  return [...segmenter.segment(text)];
}

/** Cuts the end of a text that is wider than so many columns, with an ellipsis. */
export function cutAtEnd(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${head(text, width - 1)}…`;
}

/** Cuts its middle instead. @param share the part of the width for the beginning, from 0 to 1 */
export function cutInTheMiddle(text: string, width: number, share = 0.5): string {
  if (widthOf(text) <= width) return text;
  const before = head(text, Math.max(0, Math.floor((width - 1) * share)));
  return `${before}…${tail(text, Math.max(0, width - 1 - widthOf(before)))}`;
}

function head(text: string, width: number): string {
  let room = width;
  let end = 0;
  for (const { segment, index } of graphemesOf(text)) {
    room -= widthOf(segment);
    if (room < 0) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

function tail(text: string, width: number): string {
  let room = width;
  let start = text.length;
  for (const { segment, index } of [...graphemesOf(text)].reverse()) {
    room -= widthOf(segment);
    if (room < 0) break;
    start = index;
  }
  return text.slice(start);
}

/** The text in lines of at most so many columns, broken between words. Continuation lines are indented by two columns
 * more than their line. A word wider than a line stays whole: it may be a path to copy. */
export const filled = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => brokenAt(line, width, spaces, '\n', '  '))
    .join('\n');

/** A shell command in lines of at most so many columns, joined by backslashes so that it can be pasted. A comment behind
 *  it that has no room is put below it: a shell would run the rest of a broken comment. */
export function foldedCommand(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  const start = unquotedSpaces(line).find((space) => line[space + 1] === '#');
  const alone = line.slice(0, start).trimEnd();
  const folded = brokenAt(alone, width, unquotedSpaces, ' \\\n', '    ');
  if (start === undefined) return folded;
  const own = /^ */.exec(line)?.[0] ?? '';
  return `${folded}\n${brokenAt(`${own}    ${line.slice(start + 1)}`, width, spaces, '\n', '# ')}`;
}

/** A shell comment in lines of at most so many columns, each of them a comment. */
export const foldedComment = (line: string, width: number): string =>
  brokenAt(line, width, unquotedSpaces, '\n', '#     ');

function brokenAt(
  line: string,
  width: number,
  spacesOf: (line: string) => readonly number[],
  between: string,
  deeper: string,
): string {
  if (widthOf(line) <= width) return line;
  const own = /^ */.exec(line)?.[0] ?? '';
  const room = width - widthOf(between.trimEnd());
  const lines: string[] = [];
  let from = 0;
  let last = 0;
  const prefix = () => (from === 0 ? '' : own + deeper);
  for (const space of [...spacesOf(line).filter((place) => place > own.length), line.length]) {
    const fits = widthOf(prefix() + line.slice(from, space)) <= (space === line.length ? width : room);
    if (!fits && last > from) {
      lines.push(prefix() + line.slice(from, last));
      from = last + 1;
    }
    last = space;
  }
  lines.push(prefix() + line.slice(from));
  return lines.join(between);
}

const spaces = (line: string): number[] => [...line.matchAll(/ /g)].map(({ index }) => index);

/** The positions of spaces that separate words for a shell. */
function unquotedSpaces(line: string): number[] {
  // A quoted text, or a character after a backslash, is one piece.
  const pieces = /'[^']*'|"(?:\\.|[^"\\])*"|\\.|./gs;
  return [...line.matchAll(pieces)].flatMap(({ 0: piece, index }) => (piece === ' ' ? [index] : []));
}
