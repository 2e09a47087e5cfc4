import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

// What a run has left in its folder data/, as far as a table shows it. A job wrote it: it is data, of any size and kind.

export interface LeftData {
  readonly lastLine: string;
  /** The newest line of the newest series of measures, or a file with one number in it. */
  readonly measure: Readonly<Record<string, unknown>> | null;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

/** Bytes of a summary, and of the end of a log or series, that are read. */
const largestSummary = 256 * 1024;
const tail = 4000;
/** Entries of the measures folder that are looked at. */
const mostMeasures = 1000;

/** What stands in the data folder. Links are not followed. Never throws: what cannot be read says nothing. */
export function leftIn(data: string): LeftData {
  const [logs, measures] = [join(data, 'logs'), join(data, 'measures')];
  return {
    lastLine: isFolder(logs) ? lastLineOf(logs) : '',
    ...(isFolder(measures) ? measured(measures) : { measure: null, summary: null }),
  };
}

/** Itself, and no link to one. */
const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function measured(measures: string): Pick<LeftData, 'measure' | 'summary'> {
  const summary = readRegular(join(measures, 'summary.json'), { atMost: largestSummary });
  return { measure: newestMeasure(measures), summary: summary === null ? null : objectIn(summary) };
}

/** The log's, or where the job did not start, what was said instead. */
function lastLineOf(logs: string): string {
  for (const name of ['docker.txt', 'build.txt', 'runner.txt']) {
    const line = lastLine(readRegular(join(logs, name), { last: tail }) ?? '');
    if (line !== '') return line;
  }
  return '';
}

const lastLine = (text: string): string =>
  text
    .split(/[\r\n\0]+/)
    .filter((line) => line.trim() !== '' && !/^(Run|See) 'docker run --help'/.test(line))
    .at(-1) ?? '';

function newestMeasure(folder: string): LeftData['measure'] {
  let newest: { name: string; time: number } | null = null;
  for (const name of namesIn(folder)) {
    const time = name === 'summary.json' ? null : timeOf(join(folder, name));
    if (time !== null && (!newest || time > newest.time)) newest = { name, time };
  }
  if (!newest) return null;
  const text = readRegular(join(folder, newest.name), { last: tail }) ?? '';
  if (newest.name.endsWith('.jsonl')) return objectIn(lastLine(text));
  const number = text.trim();
  if (!/^[0-9.eE+-]{1,100}$/.test(number) || Number.isNaN(Number(number))) return null;
  return { [newest.name.replace(/\.[^.]*$/, '')]: Number(number) };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null && !Array.isArray(found)
      ? (found as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, mostMeasures);
  } catch {
    return [];
  }
}

const timeOf = (path: string): number | null => withRegular(path, (_, { mtimeMs }) => mtimeMs);

/** The text of a regular file: all of one of at most so many bytes, or the last bytes of any; null: it is none. */
function readRegular(
  path: string,
  how: { readonly atMost: number } | { readonly last: number },
): string | null {
  return withRegular(path, (file, { size }) => {
    if ('atMost' in how && size > how.atMost) return null;
    const length = 'atMost' in how ? size : Math.min(size, how.last);
    const bytes = Buffer.alloc(length);
    const read = readSync(file, bytes, 0, length, size - length);
    return bytes.subarray(0, read).toString('utf8');
  });
}

function withRegular<T>(
  path: string,
  work: (file: number, facts: { readonly size: number; readonly mtimeMs: number }) => T,
): T | null {
  let file: number;
  try {
    // A job may have put a link there, or a pipe that never ends.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const facts = fstatSync(file);
    return facts.isFile() ? work(file, facts) : null;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
