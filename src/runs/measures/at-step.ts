import { join } from 'node:path';
import { numberIn } from '../../machines/numbers-in-json.js';
import { filesBelow, linesOf, withFile } from './files.js';
import { logSeries, type Scraper } from './scrape.js';
import { cellsOf, type Scalar, scalarOf, separatorOf, stepIn, valuesOfLine } from './series.js';

/** Where "metrics" are looked for. */
export interface Log {
  readonly scraper: Scraper;
  readonly path: string;
}

type Line = ReadonlyMap<string, Scalar>;

/** The lines of a series, each as its values by name. Lines that cannot be read are left out.
 * @param data the run's folder data/. @param series the name of its file, without the extension, or of what is found in
 * the log */
export const seriesLines = (data: string, series: string, log: Log): readonly Line[] =>
  linesOfFile(data, series) ?? (isOfLog(series) ? log.scraper.lines(log.path) : []);

const isOfLog = (series: string): boolean => logSeries.some((name) => name === series);

/** null: there is no such file. */
function linesOfFile(data: string, series: string): readonly Line[] | null {
  const { files } = filesBelow(join(data, 'measures'));
  const found = files.find(({ path }) => {
    const name = path.join('.');
    return /\.(jsonl|csv|tsv)$/i.test(name) && name.replace(/\.(jsonl|csv|tsv)$/i, '') === series;
  });
  if (!found) return null;
  const isTable = !/\.jsonl$/i.test(found.path.at(-1) ?? '');
  const lines: Line[] = [];
  withFile(found.real, (file, size) => {
    let head: readonly string[] | null = null;
    let separator = ',';
    for (const { line } of linesOf(file, 0, size)) {
      const text = line.replace(/\r$/, '').replace(/^\ufeff/, '');
      if (text.trim() === '') continue;
      if (!isTable) {
        const values = valuesOfLine(text);
        if (values) lines.push(new Map(values));
      } else if (head === null) {
        separator = separatorOf(text);
        head = cellsOf(text, separator);
      } else {
        const cells = cellsOf(text, separator);
        lines.push(new Map(head.flatMap((name, at) => cellAt(name, cells[at] ?? ''))));
      }
    }
  });
  return lines;
}

function cellAt(name: string, cell: string): [string, Scalar][] {
  if (cell === '') return [];
  const scalar = scalarOf(numberIn(cell) ?? cell);
  return scalar === undefined ? [] : [[name, scalar]];
}

/** The value of a column at a step; of a series without steps, in that line, from 1. In a log a step holds until the next
 * one is printed, and without steps each column has its own count. The last one, if a step comes again. undefined: there
 * is none. */
export function valueAt(
  data: string,
  { series, column, step }: { readonly series: string; readonly column: string; readonly step: number },
  log: Log,
): Scalar | undefined {
  const ofFile = linesOfFile(data, series);
  let found: Scalar | undefined;
  let line = 0;
  let last: Scalar | undefined;
  const inLog = ofFile ? null : stepIn(Object.keys(log.scraper.metrics));
  for (const values of ofFile ?? seriesLines(data, series, log)) {
    if (ofFile || values.has(column)) line++;
    const counter = ofFile ? stepIn([...values.keys()]) : inLog;
    if (counter !== null) last = values.get(counter) ?? (ofFile ? undefined : last);
    if ((counter === null ? line : last) === step && values.has(column)) found = values.get(column);
  }
  return found;
}
