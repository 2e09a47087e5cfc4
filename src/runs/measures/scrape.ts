import { lstatSync } from 'node:fs';
import { type Context, createContext, Script } from 'node:vm';
import type { LogEnd } from '../../machines/job-state.js';
import { numberIn } from '../../machines/numbers-in-json.js';
import { linesOf, withFile } from './files.js';
import { type Scalar, type Series, SeriesSum, scalarOf } from './series.js';

/** Regular expressions of measures in a log, by name. */
export type Metrics = Readonly<Record<string, string>>;

/** The name of the series that they make; the second one where the job has written a series of the first. */
export const logSeries = ['log', 'metrics'] as const;

/** The most of a log that is read: of a longer one its end. */
const largest = 64 * 2 ** 20;
/** The beginning of a line in which is looked, in characters. */
const longestLine = 4096;
/** The patterns come from a tree that others may have written: one that takes for ever is ended. In milliseconds a log;
 * after such a one the next logs get less. */
const patience = 5000;
const leastPatience = 200;
/** Lines that are looked at together. */
const atOnce = 2000;

export interface Scraped {
  readonly series: Series;
  /** What was not read, a sentence without a subject; null: all was. */
  readonly problem: string | null;
  /** It could not be read, or a regular expression took too long: another time that may be otherwise. */
  readonly isGivenUp: boolean;
}

/** Looks for measures in logs, by the same rules in all of them. */
export class Scraper {
  readonly #find: ReturnType<typeof finder>;
  #patience = patience;

  constructor(readonly metrics: Metrics) {
    this.#find = finder(metrics);
  }

  /** JSON text of what is looked for; '': nothing. */
  get asked(): string {
    return Object.keys(this.metrics).length > 0 ? JSON.stringify(this.metrics) : '';
  }

  /** null: there is no log. @param end how much of its end is read at most, in bytes */
  log(path: string, end = largest): Scraped | null {
    const found = withFile(path, (file, size) => {
      const isWhole = size <= end;
      return this.#scrape(linesOf(file, isWhole ? 0 : size - end, size), isWhole);
    });
    return found ?? (exists(path) ? unread : null);
  }

  end({ text, isWhole }: LogEnd): Scraped {
    return this.#scrape(
      text.split('\n').map((line) => ({ line })),
      isWhole,
    );
  }

  /** The values of each line that has some. */
  lines(path: string): readonly ReadonlyMap<string, Scalar>[] {
    const lines: ReadonlyMap<string, Scalar>[] = [];
    withFile(path, (file, size) => {
      const isWhole = size <= largest;
      const source = linesOf(file, isWhole ? 0 : size - largest, size);
      this.#scrape(source, isWhole, (values) => lines.push(new Map(values)));
    });
    return lines;
  }

  #scrape(
    source: Iterable<{ readonly line: string }>,
    isWhole: boolean,
    each: (values: readonly (readonly [string, Scalar])[]) => unknown = () => {},
  ): Scraped {
    const sum = new SeriesSum(isWhole);
    const until = Date.now() + this.#patience;
    let lines: string[] = [];
    // The beginning of an end may be half of a number.
    let isCut = !isWhole;
    const flush = () => {
      for (const values of this.#find(lines, Math.max(1, until - Date.now())))
        if (values.length > 0) {
          sum.add(values);
          each(values);
        }
      lines = [];
    };
    const scraped = (problem: string | null, isGivenUp = false): Scraped => ({
      series: sum.end(),
      problem,
      isGivenUp,
    });
    try {
      for (const { line } of source) {
        // A progress bar writes over its line.
        for (const part of line.split('\r')) {
          if (!isCut) lines.push(part.slice(0, longestLine));
          isCut = false;
        }
        if (lines.length >= atOnce) flush();
      }
      flush();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      this.#patience = Math.max(leastPatience, this.#patience / 10);
      return scraped('"metrics": a regular expression takes too long, and was given up', true);
    }
    return scraped(isWhole ? null : 'only its end is read');
  }
}

const unread: Scraped = { series: new SeriesSum().end(), problem: 'cannot be read', isGivenUp: true };

/** Also if that cannot be found out. */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

const script = new Script(
  'lines.map((line) => patterns.map((one) => { const found = one.exec(line); return found && (found[1] ?? found[0]); }))',
);

/** Finds values in lines, with a limit of time. */
function finder(
  metrics: Metrics,
): (lines: readonly string[], timeout: number) => (readonly [string, Scalar])[][] {
  const sound = Object.entries(metrics).flatMap(([name, text]) => {
    const pattern = patternOf(text);
    return pattern ? [{ name, pattern }] : [];
  });
  const inner = { lines: [] as readonly string[], patterns: sound.map(({ pattern }) => pattern) };
  let context: Context | null = null;
  return (lines, timeout) => {
    if (lines.length === 0) return [];
    context ??= createContext(inner);
    inner.lines = lines;
    const found = script.runInContext(context, { timeout }) as (string | null)[][];
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
