import { createContext, Script } from 'node:vm';
import { numberIn } from '../../machines/numbers-in-json.js';
import { linesOf, withFile } from './files.js';
import { type Scalar, type Series, SeriesSum, scalarOf } from './series.js';

/** Regular expressions of measures in a log, by name. */
export type Metrics = Readonly<Record<string, string>>;

/** The name of the series that they make. */
export const logSeries = 'log';

/** The most of a log that is read: of a longer one its end. */
const largest = 64 * 2 ** 20;
/** The beginning of a line in which is looked, in characters. */
const longestLine = 4096;
/** The patterns come from a tree that others may have written: one that takes for ever is ended. */
const patience = 5000;
/** Lines that are looked at together. */
const atOnce = 2000;

export interface Scraped {
  readonly series: Series;
  /** What was not read, a sentence without a subject; null: all was. */
  readonly problem: string | null;
}

/** Looks for measures in a log; null: there is no log.
 * @param end how much of its end is read at most, in bytes */
export function scrape(log: string, metrics: Metrics, end = largest): Scraped | null {
  return withFile(log, (file, size) => {
    const isWhole = size <= end;
    const sum = new SeriesSum(isWhole);
    const look = finder(metrics);
    let problem = isWhole ? null : 'only its end is read';
    let lines: string[] = [];
    const flush = () => {
      for (const values of look(lines)) if (values.length > 0) sum.add(values);
      lines = [];
    };
    try {
      for (const { line } of linesOf(file, isWhole ? 0 : size - end, size)) {
        // A progress bar writes over its line.
        for (const part of line.split('\r')) lines.push(part.slice(0, longestLine));
        if (lines.length >= atOnce) flush();
      }
      flush();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      problem = '"metrics": a regular expression takes too long, and was given up';
    }
    return { series: sum.end(), problem };
  });
}

const script = new Script(
  'lines.map((line) => patterns.map((one) => { const found = one.exec(line); return found && (found[1] ?? found[0]); }))',
);

/** Finds values in lines, with a limit of time. */
function finder(metrics: Metrics): (lines: readonly string[]) => (readonly [string, Scalar])[][] {
  const sound = Object.entries(metrics).flatMap(([name, text]) => {
    const pattern = patternOf(text);
    return pattern ? [{ name, pattern }] : [];
  });
  const patterns = sound.map(({ pattern }) => pattern);
  return (lines) => {
    if (lines.length === 0) return [];
    const context = createContext({ lines, patterns });
    const found = script.runInContext(context, { timeout: patience }) as (string | null)[][];
    return found.map((texts) =>
      texts.flatMap((text, at): (readonly [string, Scalar])[] => {
        const scalar = text === null ? undefined : scalarOf(numberIn(text) ?? text);
        const name = sound[at]?.name;
        return scalar === undefined || name === undefined ? [] : [[name, scalar]];
      }),
    );
  };
}

/** null: it is none, which `validate` tells. */
function patternOf(text: string): RegExp | null {
  try {
    return new RegExp(text, 'u');
  } catch {
    return null;
  }
}
