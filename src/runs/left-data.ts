import { lstatSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isShallow, numberIn, parseWithNaN } from '../machines/numbers-in-json.js';
import type { LogNames } from './left-log.js';
import { withFile } from './measures/files.js';

// The parts of a run's folder data/ that tables show. The job wrote it, so it may contain anything of any size.

export interface LeftData {
  readonly lastLine: string;
  /** The newest line of the newest series of measures, or a file with one number in it. */
  readonly measure: Readonly<Record<string, unknown>> | null;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

/** The most bytes that are read of a summary, and of the end of a log or series. */
const largestSummary = 256 * 1024;
const tail = 4000;
/** The most entries of the measures folder that are read. */
const mostMeasures = 1000;

/** Reads the data folder. Links are not followed. Never throws: unreadable files are skipped.
 *  @param names of its logs */
export function leftIn(data: string, names: LogNames): LeftData {
  const logs = join(data, 'logs');
  return { lastLine: isFolder(logs) ? lastLineOf(logs, names) : '', ...measuresIn(data) };
}

/** Reads the measures only. */
export function measuresIn(data: string): Pick<LeftData, 'measure' | 'summary'> {
  const measures = join(data, 'measures');
  return isFolder(measures) ? measured(measures) : { measure: null, summary: null };
}

/** Whether it is a folder, and not a link to one. */
const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function measured(measures: string): Pick<LeftData, 'measure' | 'summary'> {
  const summary = readRegular(join(measures, 'summary.json'), { atMost: largestSummary });
  return { measure: newestMeasure(measures), summary: summary === null ? null : objectIn(summary) };
}

/** The last line of the first log that has one. */
function lastLineOf(logs: string, names: LogNames): string {
  for (const name of names) {
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
  return newest && measureOf(folder, newest.name);
}

/** What one file of measures says: the newest line of a series, or its one number. */
function measureOf(folder: string, name: string): LeftData['measure'] {
  const text = readRegular(join(folder, name), { last: tail }) ?? '';
  if (name.endsWith('.jsonl')) return objectIn(lastLine(text));
  const number = numberIn(text);
  return number === null ? null : { [name.replace(/\.[^.]*$/, '')]: number };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const found = parseWithNaN(text);
    return typeof found === 'object' && found !== null && !Array.isArray(found) && isShallow(found)
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

const timeOf = (path: string): number | null => withFile(path, (_file, _size, { mtimeMs }) => mtimeMs);

/** The text of a regular file: all of it up to a maximum size, or only its last bytes; null: not a regular file. */
function readRegular(
  path: string,
  how: { readonly atMost: number } | { readonly last: number },
): string | null {
  return withFile(path, (file, size) => {
    if ('atMost' in how && size > how.atMost) return null;
    const length = 'atMost' in how ? size : Math.min(size, how.last);
    const bytes = Buffer.alloc(length);
    const read = readSync(file, bytes, 0, length, size - length);
    return bytes.subarray(0, read).toString('utf8');
  });
}
