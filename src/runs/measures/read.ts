import { isShallow, mostLevels, numberIn, parseWithNaN } from '../../machines/numbers-in-json.js';
import { count } from '../../phrases.js';
import { markOf } from '../file-mark.js';
import { blocksOf, bytesAt, type Entry, filesBelow, type Listing, linesOf, withFile } from './files.js';
import {
  cellsOf,
  objectsOfLines,
  type Scalar,
  type Series,
  SeriesSum,
  scalarOf,
  separatorOf,
  stepIn,
  valuesOfLine,
} from './series.js';

/** A file of measures. */
export type MeasureFile = { readonly path: readonly string[] } & (
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'series'; readonly series: Series }
  /** It is not read: `binary, 12 MB`. */
  | { readonly kind: 'unread'; readonly why: string }
);

/** What a job has left in its measures folder. */
export interface Measures {
  readonly files: readonly MeasureFile[];
  /** What could not be read, or not all of it: `measures/half.json: not JSON, or half-written`. */
  readonly problems: readonly string[];
}

/** The most bytes of a JSON or text file, and of a series; of a larger series only the end is read. */
const largestFile = 256 * 1024;
const largestSeries = 64 * 2 ** 20;
const endOfSeries = 65_536;

/** Reads a run's measures. Never throws: what cannot be read is told.
 * @param data the run's folder data/ */
export function readMeasures(data: string): Measures {
  const { files, problems } = readListed(listMeasures(data));
  return { files, problems };
}

/** The files of a run's measures, and the paths below data/ by whose stamps a change is noticed. */
export function listMeasures(data: string): Listing & { readonly watched: readonly string[] } {
  const listing = filesBelow(`${data}/measures`);
  const watched = [...listing.folders, ...listing.files].map(({ path }) => ['measures', ...path].join('/'));
  return { ...listing, watched: watched.length > 0 ? watched : ['measures'] };
}

/** `marks` are those of the files, in their order, of what was read; null: the file could not be opened. */
export function readListed(listing: Listing): Measures & { readonly marks: readonly (string | null)[] } {
  const marks: (string | null)[] = [];
  const problems = [...listing.problems];
  const files = listing.files.map((entry): MeasureFile => {
    const { file, problem, mark = null } = readOne(entry);
    marks.push(mark);
    if (problem !== null) problems.push(`measures/${entry.path.join('/')}: ${problem}`);
    return file;
  });
  return { files, problems, marks };
}

interface ReadFile {
  readonly file: MeasureFile;
  readonly problem: string | null;
  readonly mark?: string;
}

function readOne({ path, real }: Entry): ReadFile {
  const name = path.at(-1) ?? '';
  const read = withFile(real, (file, size, found): ReadFile => {
    const isTable = /\.(csv|tsv)$/i.test(name);
    const contents = /\.jsonl$/i.test(name)
      ? readLines(path, file, size)
      : ((isTable ? readTable(path, file, size) : null) ?? readWhole(path, file, size));
    return { ...contents, mark: markOf(found) };
  });
  return read ?? unread(path, 'cannot be read');
}

const unread = (path: readonly string[], why: string): ReadFile => ({
  file: { path, kind: 'unread', why },
  problem: why,
});

/** Used again for each small file: there are many. */
const small = Buffer.allocUnsafeSlow(4096);

function readWhole(path: readonly string[], file: number, size: number): ReadFile {
  const name = path.at(-1) ?? '';
  if (size > largestFile) return unread(path, `too large (${sizeText(size)})`);
  const bytes = size <= small.length ? bytesAt(file, 0, size, small) : bytesAt(file, 0, size);
  const text = textOf(bytes);
  if (text === null) return unread(path, `binary (${sizeText(size)})`);
  const number = name === 'summary.json' ? null : numberIn(text);
  if (number !== null) return { file: { path, kind: 'json', value: number }, problem: null };
  try {
    const value = parseWithNaN(text);
    if (!isShallow(value)) return unread(path, `nested in more than ${mostLevels} levels`);
    const isNoSummary = path.length === 1 && name === 'summary.json' && !isObject(value);
    return { file: { path, kind: 'json', value }, problem: isNoSummary ? 'not an object of measures' : null };
  } catch {
    const problem = /\.json$/i.test(name) ? 'not JSON, or half-written' : null;
    return { file: { path, kind: 'text', text }, problem };
  }
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** null: it is binary. */
function textOf(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function readLines(path: readonly string[], file: number, size: number): ReadFile {
  const isWhole = size <= largestSeries;
  const sum = new SeriesSum(isWhole);
  let isFirst = !isWhole;
  for (const { text, isWhole: hasEnded } of blocksOf(file, isWhole ? 0 : size - endOfSeries, size)) {
    const objects = isFirst ? null : objectsOfLines(text);
    for (const line of objects ?? text.split('\n')) {
      if (typeof line !== 'string') {
        sum.addObject(line);
        continue;
      }
      const values = line.trim() === '' || isFirst ? [] : valuesOfLine(line);
      // The first line of the end, and one that is being written, are unfinished.
      isFirst = false;
      if (values === null) {
        if (hasEnded) sum.addOdd();
      } else if (values.length > 0) sum.add(values);
    }
  }
  return seriesFile(path, sum.end(), isWhole ? null : size);
}

/** null: it is a table without a column that counts. */
function readTable(path: readonly string[], file: number, size: number): ReadFile | null {
  let head: readonly string[] | null = null;
  let separator = ',';
  const isWhole = size <= largestSeries;
  const sum = new SeriesSum(isWhole);
  for (const { line } of tableLines(file, size, isWhole)) {
    const text = line.replace(/\r$/, '').replace(/^\ufeff/, '');
    if (text.trim() === '') continue;
    if (head === null) {
      separator = separatorOf(text);
      head = cellsOf(text, separator);
      if (stepIn(head) === null) return null;
      continue;
    }
    const cells = cellsOf(text, separator);
    if (cells.length > head.length || cells.length < 2) sum.addOdd();
    else sum.add(head.flatMap((name, at) => valued(name, cells[at] ?? '')));
  }
  return head === null ? null : seriesFile(path, sum.end(), isWhole ? null : size);
}

/** Whole lines: the first, and then all, or those at the end. */
function* tableLines(file: number, size: number, isWhole: boolean): ReturnType<typeof linesOf> {
  if (isWhole) return yield* linesOf(file, 0, size);
  for (const first of linesOf(file, 0, endOfSeries)) {
    yield first;
    break;
  }
  let isFirst = true;
  for (const one of linesOf(file, size - endOfSeries, size)) {
    if (!isFirst) yield one;
    isFirst = false;
  }
}

function valued(name: string, cell: string): [string, Scalar][] {
  if (cell === '') return [];
  const scalar = scalarOf(numberIn(cell) ?? cell);
  return scalar === undefined ? [] : [[name, scalar]];
}

function seriesFile(path: readonly string[], series: Series, large: number | null): ReadFile {
  const notes = [
    ...(large === null ? [] : [`${sizeText(large)}: only its end is read`]),
    ...(series.odd > 0 ? [`${series.odd} of its lines cannot be read`] : []),
  ];
  return {
    file: { path, kind: 'series', series },
    problem: notes.length > 0 ? notes.join('; ') : null,
  };
}

/** `812 bytes`, `12 kB`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return count(bytes, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes / 1000, 0];
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}
