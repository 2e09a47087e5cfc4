import { visible, visibleLine } from './text.js';

// Tables for other programs. Characters that control a terminal are escaped: a table may be looked at in one.

/** CSV as RFC 4180 has it, with line feeds. */
export const csv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(csvCell).join(',')}\n`).join('');

function csvCell(text: string): string {
  const shown = visible(text);
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}

/** A table of Markdown; the first row is its head. */
export function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.map(markdownCell).join(' | ')} |\n`;
  return [line(head), `|${head.map(() => ' --- |').join('')}\n`, ...rows.map(line)].join('');
}

/** The signs that Markdown and HTML read, as text. */
const markdownCell = (text: string): string =>
  visibleLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_|[\]]/g, (sign) => `\\${sign}`);
