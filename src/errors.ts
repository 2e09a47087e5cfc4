/** A line of ours to go on with, less the experiment that it is for: how that was named, the command line knows. */
export interface OwnLine {
  readonly verb: string;
  readonly words: readonly string[];
  /** What it is good for; '' where its words say so. */
  readonly note: string;
  /** Where the command that failed takes these words, it is this command, with all that was typed before them. */
  readonly again?: true;
}

export const ownLine = (verb: string, words: readonly string[] = [], note = ''): OwnLine => ({
  verb,
  words,
  note,
});

/** The command that failed, once more with these words; where it takes no such, this verb. */
export const typedAgain = (verb: string, words: readonly string[] = [], note = ''): OwnLine => ({
  ...ownLine(verb, words, note),
  again: true,
});

/** What to do about a problem: a command of ours, or a text that is shown as it is. */
export type Suggestion = string | OwnLine;

/** A problem that its message says how to solve. Shown without a stack trace; `suggestions` are lines to paste. */
export class UserError extends Error {
  readonly exit: number;

  constructor(
    message: string,
    readonly suggestions: readonly Suggestion[] = [],
    options: ErrorOptions & { exit?: number } = {},
  ) {
    super(message, options);
    this.name = new.target.name;
    this.exit = options.exit ?? 1;
  }
}

/** Show where a disk is full, and free what Docker does not need. */
export const linesForRoom: readonly string[] = ['df -h', 'docker system prune'];

export class DiskFull extends UserError {
  /** @param what a sentence about what has no room */
  constructor(what: string) {
    super(`The disk is full: ${what}`, [...linesForRoom]);
  }
}
