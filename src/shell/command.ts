import { bind, render, renderForAnyShell, reveal, type Word } from './word.js';

/** A command's standard input: a text (it may contain secrets), or the output of another command. */
export type Input = { readonly text: Word } | { readonly from: Command };

/** One process to run: argv plus environment, never shell text. `render` prints it for a POSIX shell. */
export interface Command {
  readonly argv: readonly Word[];
  /** Variables set for this process in addition to inherited ones. */
  readonly env?: Readonly<Record<string, Word>>;
  readonly input?: Input;
  /** Absolute path of a file that takes standard output, replaced. */
  readonly output?: string;
  /** `output`: standard error goes to that file, too. */
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

/** The line for a POSIX shell in any folder, with secrets as `"$NAME"`. */
export const renderCommand = commandRenderedBy(render);

/** The program and its words, to be read at a glance and not to be pasted: without variables and without its input; the
 *  script of a `sh -c` is `…`. */
export const renderBriefly = ({ argv, output }: Command): string =>
  [
    ...argv.map((word, at) => (argv[at - 1] === '-c' && /\s/.test(String(word)) ? '…' : render(word))),
    ...(output ? ['>', render(output)] : []),
  ].join(' ');

/** The line for a machine, whose login shell may not be POSIX. */
export const renderCommandForAnyShell = commandRenderedBy(renderForAnyShell);

/** The command with the runner's variables replaced by their values. */
export function bindCommand(command: Command, values: Readonly<Record<string, string>>): Command {
  return { ...command, argv: command.argv.map((word) => bind(word, values)) };
}

/** argv as bytes for the system, secrets revealed: for the executor only. */
export const revealArgv = (command: Command): string[] => command.argv.map(reveal);

export const revealEnv = (command: Command): Record<string, string> =>
  Object.fromEntries(Object.entries(command.env ?? {}).map(([name, value]) => [name, reveal(value)]));
