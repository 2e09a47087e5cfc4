import { Terminal } from './terminal.js';
import { until } from './until.js';

/** What the shell prints in front of each prompt, and no terminal shows. */
const mark = '\u001b]133;A\u0007';

/** A person at a shell, in a terminal of 80 columns and 24 rows. */
export class ShellSession {
  readonly #terminal: Terminal;
  #prompts = 0;

  /** @param as words in front of the shell, such as `setpriv …`. @param env all that there is of it */
  private constructor(as: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    const prompt = { PS1: '\\[\\e]133;A\\a\\]$ ', PS2: '', TERM: 'xterm-256color', INPUTRC: '/dev/null' };
    this.#terminal = new Terminal([...as, 'bash', '--norc', '--noprofile'], {
      cwd,
      env: { ...env, ...prompt },
      columns: 80,
      rows: 24,
    });
  }

  static async open(as: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<ShellSession> {
    const session = new ShellSession(as, cwd, env);
    await session.#prompt();
    return session;
  }

  /** Types a line, and waits until the shell asks for the next.
   *  @param answers what the program asks, and what is typed then. @returns the rows that are shown, the line's own first */
  async types(
    line: string,
    answers: readonly (readonly [string | RegExp, string])[] = [],
  ): Promise<string[]> {
    const from = this.#terminal.raw.lastIndexOf(mark);
    this.#terminal.skip();
    this.#terminal.enter(line);
    for (const [question, answer] of answers) {
      await this.#terminal.shows(question);
      this.#terminal.enter(answer);
    }
    return this.#terminal.rows(from, await this.#prompt());
  }

  /** The exit code of the line before. */
  async code(): Promise<number> {
    const [, code] = await this.types('echo $?');
    return Number(code);
  }

  close(): void {
    this.#terminal.close();
  }

  /** @returns where in `raw` it begins */
  async #prompt(): Promise<number> {
    const places = await until('the shell asks for a line', () => {
      const all = [...this.#terminal.raw.matchAll(new RegExp(mark, 'g'))];
      return all.length > this.#prompts ? all : null;
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n--- it showed\n${this.#terminal.text}`);
    });
    this.#prompts = places.length;
    return places.at(-1)?.index ?? 0;
  }
}
