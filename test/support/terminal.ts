import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { killHard, packageRoot, type TestProject } from './project.js';
import { until } from './until.js';

/** A terminal in which a person runs a program. */
export class Terminal {
  readonly ended: Promise<number>;
  readonly #pty: IPty;
  readonly #columns: number;
  #raw = '';
  #seen = 0;
  #hasEnded = false;

  constructor(
    argv: readonly string[],
    {
      cwd,
      env,
      columns = 100,
      rows = 40,
    }: {
      readonly cwd: string;
      readonly env: NodeJS.ProcessEnv;
      readonly columns?: number;
      readonly rows?: number;
    },
  ) {
    const [program = '', ...args] = argv;
    this.#columns = columns;
    this.#pty = spawn(program, args, {
      name: env.TERM ?? 'xterm-256color',
      cols: columns,
      rows,
      cwd,
      env,
    });
    this.#pty.onData((text) => {
      this.#raw += text;
    });
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#hasEnded = true;
        resolve(signal ? 128 + signal : exitCode);
      });
    });
  }

  /** A terminal in the experiment's folder (or the project's) that runs `logistician`. */
  static logistician(
    project: TestProject,
    words: readonly string[],
    cwd = project.experiment,
    more: NodeJS.ProcessEnv = {},
    columns = 100,
  ): Terminal {
    const { COLUMNS: _, ...env } = project.env;
    const argv = [process.execPath, join(packageRoot, 'bin', 'run.js'), ...words];
    return new Terminal(argv, { cwd, env: { ...env, TERM: 'xterm-256color', ...more }, columns });
  }

  /** All that has been shown, one thing drawn over another as it came. */
  get text(): string {
    return stripVTControlCharacters(this.#raw).replaceAll('\r', '');
  }

  get raw(): string {
    return this.#raw;
  }

  /** All lines as a terminal has them in the end, what was drawn over gone; a row that it had to wrap is two.
   *  @param from where in `raw` the first of them begins. @param to where what follows the last of them begins */
  async rows(from = 0, to?: number): Promise<string[]> {
    const drawn = new xterm.Terminal({ cols: this.#columns, rows: 500, allowProposedApi: true });
    await new Promise<void>((resolve) => drawn.write(this.#raw.slice(from, to), resolve));
    const { active } = drawn.buffer;
    const rows = Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? '',
    );
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }

  /** Waits for something to be shown after what was waited for before. */
  async shows(what: string | RegExp): Promise<string> {
    const pattern = typeof what === 'string' ? new RegExp(escaped(what)) : what;
    const found = await until(`the terminal shows ${what}`, () =>
      pattern.exec(this.text.slice(this.#seen)),
    ).catch((error: Error) => {
      throw new Error(
        `${error.message}${this.#hasEnded ? ' (it has ended)' : ''}\n--- it showed\n${this.text}`,
      );
    });
    this.#seen += found.index + found[0].length;
    return found[0];
  }

  /** What has been shown until now is not waited for. */
  skip(): void {
    this.#seen = this.text.length;
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  enter(text = ''): void {
    this.type(`${text}\r`);
  }

  interrupt(): void {
    this.type('\u0003');
  }

  /** The window is closed: the system tells all programs in it. */
  close(): void {
    // What node-pty calls it, and leaves out of its types.
    (this.#pty as IPty & { destroy(): void }).destroy();
  }

  /** Whether the program is there still. */
  get isAlive(): boolean {
    try {
      process.kill(this.#pty.pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  kill(): void {
    if (!this.#hasEnded) killHard(-this.#pty.pid);
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
