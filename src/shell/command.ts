import { bind, render, renderForAnyShell, reveal, type Word } from './word.js';

/** What a command reads: a text (a secret may be part of it), or the output of another command. */
export type Input = { readonly text: Word } | { readonly from: Command };

/** One process to run: argv plus environment, never shell text. `render` prints it for a POSIX shell. */
export interface Command {
  readonly argv: readonly Word[];
  /** Variables set for this process over those inherited. */
  readonly env?: Readonly<Record<string, Word>>;
  readonly input?: Input;
  /** Absolute path of a file that takes standard output, replaced. */
  readonly output?: string;
  /** `output`: what it complains of goes to that file too. */
  readonly errors?: 'output';
}

export const command = (...argv: Word[]): Command => ({ argv });

/** Writes `text` to the file at `path` (absolute), replacing it. */
export const write = (path: string, text: Word): Command => ({
  argv: ['cat'],
  input: { text },
  output: path,
});

/** `from | into`. */
export const pipe = (from: Command, into: Command): Command => ({ ...into, input: { from } });

const commandRenderedBy = (render: (word: Word) => string) =>
  function renderCommand(command: Command): string {
    const words = [
      ...Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${render(value)}`),
      ...command.argv.map(render),
    ];
    const errors = command.errors ? ' 2>&1' : '';
    const line = command.output ? `${words.join(' ')} > ${render(command.output)}${errors}` : words.join(' ');
    if (!command.input) return line;
    return 'from' in command.input
      ? `${renderCommand(command.input.from)} | ${line}`
      : `printf %s ${render(command.input.text)} | ${line}`;
  };

/** The line that a POSIX shell takes from any folder, secrets as `"$NAME"`. */
export const renderCommand = commandRenderedBy(render);

/** The line for a machine, whose user's login shell may be another one. */
export const renderCommandForAnyShell = commandRenderedBy(renderForAnyShell);

/** The command with the runner's variables replaced by their values. */
export function bindCommand(command: Command, values: Readonly<Record<string, string>>): Command {
  return { ...command, argv: command.argv.map((word) => bind(word, values)) };
}

/** argv as bytes for the system, secrets revealed: for the executor alone. */
export const revealArgv = (command: Command): string[] => command.argv.map(reveal);

export const revealEnv = (command: Command): Record<string, string> =>
  Object.fromEntries(Object.entries(command.env ?? {}).map(([name, value]) => [name, reveal(value)]));
