import { join } from 'node:path';
import { numberIn } from '../../machines/numbers-in-json.js';
import { filesBelow, linesOf, withFile } from './files.js';
import { cellsOf, type Scalar, scalarOf, separatorOf, stepIn, valuesOfLine } from './series.js';

/** The lines of a series, each as its values by name. Lines that cannot be read are left out.
 * @param data the run's folder data/. @param series the name of its file, without the extension */
export function seriesLines(data: string, series: string): readonly ReadonlyMap<string, Scalar>[] {
  const { files } = filesBelow(join(data, 'measures'));
  const found = files.find(({ path }) => {
    const name = path.join('.');
    return /\.(jsonl|csv|tsv)$/i.test(name) && name.replace(/\.(jsonl|csv|tsv)$/i, '') === series;
  });
  if (!found) return [];
  const isTable = !/\.jsonl$/i.test(found.path.at(-1) ?? '');
  const lines: ReadonlyMap<string, Scalar>[] = [];
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

/** The value of a column at a step; of a series without steps, in that line, from 1. The last one, if a step comes
 * again. undefined: there is none. */
export function valueAt(data: string, series: string, column: string, step: number): Scalar | undefined {
  let found: Scalar | undefined;
  let line = 0;
  for (const values of seriesLines(data, series)) {
    line++;
    const counter = stepIn([...values.keys()]);
    const at = counter === null ? line : values.get(counter);
    if (at === step && values.has(column)) found = values.get(column);
  }
  return found;
}
