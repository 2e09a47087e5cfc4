/** A problem that its message says how to solve. Shown without a stack trace; `suggestions` are lines to paste. */
export class UserError extends Error {
  readonly exit: number;

  constructor(
    message: string,
    readonly suggestions: readonly string[] = [],
    options: ErrorOptions & { exit?: number } = {},
  ) {
    super(message, options);
    this.name = new.target.name;
    this.exit = options.exit ?? 1;
  }
}
