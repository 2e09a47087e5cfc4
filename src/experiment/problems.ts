import { UserError } from '../errors.js';

/** One thing wrong in a parameters.json. Lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** Where in the data, as jq would say it, e.g. `hosts[0].slots`; empty for the file as a whole. */
  readonly where: string;
  /** What is wrong, and how to fix it. */
  readonly what: string;
}

/** Anything with a position in a text, such as a node of a JSON document. */
export interface Located {
  readonly loc: { readonly start: { readonly line: number; readonly column: number } };
}

/** Notes a problem and continues, so that the user sees all of them at once. */
export type Report = (at: Located, where: string, what: string) => void;

/** The result of `read`, or undefined if it reported a problem. */
export function ifSound<T>(report: Report, read: (report: Report) => T): T | undefined {
  let sound = true;
  const value = read((at, where, what) => {
    sound = false;
    report(at, where, what);
  });
  return sound ? value : undefined;
}

/** More lines than this are counted, not printed: they would push the first off the screen. */
const MOST_SHOWN = 100;

/** Every problem of one parameters.json, a line each: `path:line:column  where  what`. */
export class InvalidParameters extends UserError {
  readonly problems: readonly Problem[];

  constructor(
    readonly path: string,
    found: readonly Problem[],
  ) {
    const problems = [...found].sort((a, b) => a.line - b.line || a.column - b.column);
    const lines = problems
      .slice(0, MOST_SHOWN)
      .map(({ line, column, where, what }) =>
        [`${path}:${line}:${column}`, where, what].filter((part) => part !== '').join('  '),
      );
    const more = problems.length - lines.length;
    super([...lines, ...(more > 0 ? [`and ${more} more problems like these`] : [])].join('\n'));
    this.problems = problems;
  }
}
