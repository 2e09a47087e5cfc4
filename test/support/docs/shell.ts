import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { killHard } from '../project.js';
import { until } from '../until.js';

/** What is printed before each prompt, with the exit code. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: no program prints these by chance
const prompt = /\x1b\]9;(\d+)\x07/;
const columns = 80;

/** How a command ended, and what stands in the terminal of it. */
export interface Played {
  readonly rows: readonly string[];
  readonly code: number;
}

/** A shell in a terminal of 80 columns, as a reader of the docs has one: it knows where it is, and its variables. */
export class DocsShell {
  readonly #pty: IPty;
  readonly #script: string;
  #raw = '';
  #hasEnded = false;

  constructor(cwd: string, env: NodeJS.ProcessEnv, scratch: string) {
    this.#script = join(scratch, 'command');
    this.#pty = spawn('bash', ['--norc', '--noprofile', '--noediting', '-i'], {
      name: 'xterm-256color',
      cols: columns,
      rows: 50,
      cwd,
      env: {
        ...env,
        TERM: 'xterm-256color',
        PS1: '',
        PS2: '',
        PROMPT_COMMAND: String.raw`printf '\e]9;%s\a' $?`,
      },
    });
    this.#pty.onData((text) => {
      this.#raw += text;
    });
    this.#pty.onExit(() => {
      this.#hasEnded = true;
    });
  }

  /** Runs a command to its end. @param meanwhile what a person does until then */
  async run(command: string, meanwhile?: () => Promise<void>): Promise<Played> {
    await until('the shell asks', () => prompt.test(this.#raw) || this.#hasEnded);
    this.#raw = '';
    writeFileSync(this.#script, `${command}\n`);
    this.#pty.write(`. '${this.#script}'\r`);
    await meanwhile?.();
    const end = () => prompt.exec(this.#raw) ?? (this.#hasEnded && { 1: '-1' });
    const ended = await until(`the end of: ${command}`, end).catch(async (error: Error) => {
      throw new Error(`${error.message}\n--- it showed\n${(await this.rows()).join('\n')}`);
    });
    return { rows: await this.rows(), code: Number(ended[1]) };
  }

  /** What the command has shown so far; what the terminal wrapped is one row. */
  async rows(): Promise<string[]> {
    const drawn = new xterm.Terminal({ cols: columns, rows: 1000, allowProposedApi: true });
    const own = this.#raw.slice(this.#raw.indexOf('\n') + 1).replace(prompt, '');
    await new Promise<void>((resolve) => drawn.write(own, resolve));
    const { active } = drawn.buffer;
    const rows: string[] = [];
    for (let at = 0; at < active.length; at++) {
      const line = active.getLine(at);
      const text = line?.translateToString(!active.getLine(at + 1)?.isWrapped) ?? '';
      if (line?.isWrapped) rows.push(`${rows.pop() ?? ''}${text}`);
      else rows.push(text);
    }
    drawn.dispose();
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }

  /** Whether the command has ended. */
  get isBack(): boolean {
    return prompt.test(this.#raw);
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  kill(): void {
    if (!this.#hasEnded) killHard(-this.#pty.pid);
  }
}
