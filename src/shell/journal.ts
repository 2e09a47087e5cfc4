import { appendFileSync } from 'node:fs';
import { type Command, renderCommand } from './command.js';

/** Where the lines of issued commands go: standard error, and the files that keep them. */
export class Journal {
  readonly #files = new Set<string>();
  readonly #early: string[] = [];

  /** @param show prints one line for a person; the journal itself decides nothing about looks.
   *  @param whole shows also long texts that a command reads, which otherwise only the files have. */
  constructor(
    private readonly show: (line: string) => void,
    private readonly whole = false,
  ) {}

  /** Keeps every line, those already issued too, in the file at `path`. Its folder must exist. */
  keepIn(path: string): void {
    if (this.#files.has(path)) return;
    this.#files.add(path);
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
    for (const path of this.#files) this.#append(path, line);
  }

  /** A full disk must not keep anybody from ending what fills it. */
  #append(path: string, line: string): void {
    try {
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    } catch (error) {
      this.#files.delete(path);
      this.show(`# No lines are kept in ${path} from here on: ${(error as Error).message}`);
    }
  }
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
