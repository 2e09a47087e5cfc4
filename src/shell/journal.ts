import { closeSync, constants, fstatSync, openSync, writeFileSync } from 'node:fs';
import { type Command, renderCommand } from './command.js';

/** Where the lines of issued commands go: standard error, and the files that keep them. */
export class Journal {
  /** The open files, by path: a job that puts a link under a name of ours later turns no line elsewhere. */
  readonly #files = new Map<string, number>();
  readonly #early: string[] = [];

  /** @param show prints one line for a person; the journal itself decides nothing about looks.
   *  @param whole shows also long texts that a command reads, which otherwise only the files have. */
  constructor(
    private readonly show: (line: string) => void,
    private readonly whole = false,
  ) {}

  /** Keeps every line, those already issued too, in the file at `path`. Its folder must exist. A link, or a FIFO, in its
   *  place is not written to. */
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

  /** A command that is issued. */
  issue(command: Command): void {
    this.#record(renderCommand(command));
    this.show(`$ ${renderCommand(this.whole ? command : withoutLongText(command))}`);
  }

  /** A line that a program started by us issues in its turn: shown and kept as a comment. */
  mention(line: string): void {
    this.#record(`# ${line.replaceAll('\n', '\n# ')}`);
    this.show(`# ${line}`);
  }

  #record(line: string): void {
    this.#early.push(line);
    for (const path of this.#files.keys()) this.#append(path, line);
  }

  /** A full disk must not keep anybody from ending what fills it. */
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
    this.show(`# No lines are kept in ${path} from here on: ${(error as Error).message}`);
  }
}

function openToAppend(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new Error('it is no regular file');
}

/** More than this, in characters, is a file's text rather than something to read on a line. */
const longText = 160;

/** The command with long texts that it reads named instead of shown. */
export function withoutLongText(command: Command): Command {
  const { input } = command;
  if (!input) return command;
  if ('from' in input) return { ...command, input: { from: withoutLongText(input.from) } };
  if (typeof input.text !== 'string' || input.text.length <= longText) return command;
  return { ...command, input: { text: `… ${input.text.length} characters: see commands.sh …` } };
}
