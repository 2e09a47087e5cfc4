import { closeSync, constants, fstatSync, openSync, writeFileSync } from 'node:fs';
import { type Command, renderBriefly, renderCommand } from './command.js';

/** Shows the lines of issued commands on standard error, and keeps them in files. */
export class Journal {
  /** Files that stay open, by path: a link that a job creates under their names later has no effect. */
  readonly #files = new Map<string, number>();
  readonly #early: string[] = [];

  /** @param show prints a command for a person, or a warning that a file takes none; the journal itself decides nothing
   *    about looks.
   *  @param whole shows also long texts that a command reads, which otherwise only the files have. */
  constructor(
    private readonly show: (line: string, kind: 'command' | 'warning', brief?: string) => void,
    private readonly whole = false,
  ) {}

  /** Keeps every line, including those already issued, in the file at `path`, whose folder must exist. A link or a FIFO
   * in its place is not written to. */
  keepIn(path: string): void {
    if (this.#files.has(path)) return;
    try {
      this.#files.set(path, openToAppend(path));
    } catch (error) {
      this.#complain(path, error);
      return;
    }
    if (this.#early.length > 0) this.#append(path, this.#early.join('\n'));
  }

  /** Records an issued command. */
  issue(command: Command): void {
    this.#record(renderCommand(command));
    const line = renderCommand(this.whole ? command : withoutLongText(command));
    this.show(`$ ${line}`, 'command', `$ ${renderBriefly(command)}`);
  }

  /** Records a line that another program issues, as a comment. */
  mention(line: string): void {
    this.#record(`# ${line.replaceAll('\n', '\n# ')}`);
    this.show(`# ${line}`, 'command');
  }

  #record(line: string): void {
    this.#early.push(line);
    for (const path of this.#files.keys()) this.#append(path, line);
  }

  /** A failed write is only a warning: on a full disk, users must still be able to stop jobs. */
  #append(path: string, line: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    try {
      writeFileSync(file, `${line}\n`);
    } catch (error) {
      this.#files.delete(path);
      closeSync(file);
      this.#complain(path, error);
    }
  }

  #complain(path: string, error: unknown): void {
    this.show(`# Lines are no longer kept in ${path}: ${(error as Error).message}`, 'warning');
  }
}

function openToAppend(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error('it is not a regular file');
}

/** Longer texts, in characters, are not shown on a line. */
const longText = 160;

/** The command with its long input described instead of shown. */
export function withoutLongText(command: Command): Command {
  const { input } = command;
  if (!input) return command;
  if ('from' in input) return { ...command, input: { from: withoutLongText(input.from) } };
  if (typeof input.text !== 'string' || input.text.length <= longText) return command;
  return { ...command, input: { text: `… ${input.text.length} characters: see commands.sh …` } };
}
