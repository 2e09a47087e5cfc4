import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { killHard, linesOf, packageRoot } from '../project.js';
import { until } from '../until.js';
import { Bindings, beginsSame, isSame, mended } from './compare.js';
import { type Block, isSession, type PageEvent, readPage, type Step, stepsOf } from './page.js';
import { DocsShell, type Played } from './shell.js';

/** What a page shows and is not so. */
export interface Difference {
  readonly where: string;
  readonly command: string;
  readonly shown: readonly string[];
  readonly printed: readonly string[];
}

/** The home folder that all pages have. The one in its place is as long, so that lines break at the same words. */
const pagesHome = '/home/ada';

/** A person who does what a page of the docs says, from its beginning, in a home folder of their own. */
export class Stage {
  readonly home = `/tmp/${randomBytes(2).toString('hex')}`;
  readonly scratch = `${this.home}.docs`;
  readonly differences: Difference[] = [];
  readonly #bindings = new Bindings();
  readonly #shell: DocsShell;
  readonly #edits: { readonly from: number; readonly count: number; readonly lines: readonly string[] }[] =
    [];

  /** @param image what experiments are built on that a page builds on `python`, which only a registry has */
  constructor(
    private readonly page: string,
    private readonly image: string,
    env: NodeJS.ProcessEnv = {},
  ) {
    for (const folder of [this.home, join(this.scratch, 'bin')]) mkdirSync(folder, { recursive: true });
    const program = join(this.scratch, 'bin', 'logistician');
    const line = `exec '${process.execPath}' '${join(packageRoot, 'bin', 'run.js')}' "$@"`;
    writeFileSync(program, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    writeFileSync(
      join(this.home, '.gitconfig'),
      '[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[commit]\n\tquiet = true\n',
    );
    this.#shell = new DocsShell(
      this.home,
      {
        ...Object.fromEntries(
          ['LANG', 'DOCKER_HOST', 'DOCKER_CONTEXT'].flatMap((name) =>
            process.env[name] ? [[name, process.env[name]]] : [],
          ),
        ),
        PATH: `${join(this.scratch, 'bin')}:${process.env.PATH}`,
        HOME: this.home,
        GIT_CONFIG_NOSYSTEM: '1',
        // Other tests have slots of their own, as on other computers.
        LOGISTICIAN_SLOTS: join(this.scratch, 'slots'),
        ...env,
      },
      this.scratch,
    );
  }

  /** Does all that the page says. */
  async play(): Promise<void> {
    try {
      for (const event of readPage(readFileSync(join(packageRoot, this.page), 'utf8')))
        await this.#meet(event);
    } finally {
      if (process.env.UPDATE_GOLDEN) this.#update();
    }
  }

  async #meet(event: PageEvent): Promise<void> {
    if (event.kind === 'setup') await this.#setUp(event.script, event.line);
    else if (event.kind === 'files') {
      for (const other of readPage(readFileSync(join(packageRoot, event.page), 'utf8')))
        if (other.kind === 'block' && other.block.file !== undefined) await this.#write(other.block);
    } else if (event.block.file !== undefined) await this.#write(event.block);
    else if (isSession(event.block) && event.block.notPlayed === undefined) {
      for (const step of stepsOf(event.block, isWhole)) await this.#take(step, event.block);
    }
  }

  async #setUp(script: string, line: number): Promise<void> {
    const block = { line, language: 'sh', lines: script.split('\n'), prefix: '' };
    for (const { command } of stepsOf(block, isWhole)) {
      const { code, rows } = await this.#run(command);
      if (code !== 0)
        throw new Error(`${this.page}:${line + 1}: ${command} ended with ${code}:\n${rows.join('\n')}`);
    }
  }

  #run(command: string, meanwhile?: () => Promise<void>): Promise<Played> {
    this.#buildOnLocalImage();
    return this.#shell.run(this.#real(command, this.#runs()), meanwhile);
  }

  /** A reader copies the block into a file. */
  async #write({ file = '', lines }: Block): Promise<void> {
    const path = join(await this.#folder(), file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${lines.join('\n')}\n`);
  }

  async #folder(): Promise<string> {
    return (await this.#shell.run('pwd -P')).rows[0] ?? '';
  }

  async #take(step: Step, block: Block): Promise<void> {
    const shown = step.output === null ? null : trimmed(step.output);
    const { code, rows } = await this.#run(step.command, () => this.#actMeanwhile(shown ?? []));
    const printed = this.#visible(rows);
    if (shown === null ? code === 0 : isSame(shown, printed, this.#bindings)) return;
    this.differences.push({
      where: `${this.page}:${step.line + 1}`,
      command: step.command,
      shown: shown ?? ['(ends with 0)'],
      printed: shown === null ? [...printed, `(ended with ${code})`] : printed,
    });
    if (shown === null) return;
    const lines = mended(
      shown,
      printed.map((line) => this.#bindings.shown(line)),
    );
    const blank = (step.output ?? []).length > shown.length ? [''] : [];
    this.#edits.push({
      from: step.outputLine,
      count: (step.output ?? []).length,
      lines: [...lines, ...blank].map((line) => `${block.prefix}${line}`.trimEnd()),
    });
  }

  /** Types what the page shows as typed: a Ctrl-C, and answers to questions, of which it shows what they have become. */
  async #actMeanwhile(shown: readonly string[]): Promise<void> {
    for (const [index, line] of shown.entries()) {
      const before = shown.slice(0, index);
      const isShown = async () => beginsSame(before, this.#visible(await this.#shell.rows()));
      const isAsked = async () =>
        (await this.#shell.rows()).some((row) => row.startsWith('? ') && asks(row.slice(2), line.slice(2)));
      const isBack = () => this.#shell.isBack;
      if (line.startsWith('^C')) {
        await until(`the page's ${before.join('\n')}`, async () => isBack() || isShown());
        this.#shell.type('\u0003');
      } else if (line.startsWith('✔ ')) {
        await until(`the question of "${line}"`, async () => isBack() || isAsked());
        this.#shell.type(/(?<= )(?:Yes|No)$/.exec(line)?.[0].charAt(0).toLowerCase() ?? '');
        this.#shell.type('\r');
      }
    }
  }

  /** Rows as a page has them: without the commands that are issued, of which it says that it leaves them out. */
  #visible(rows: readonly string[]): string[] {
    const shown = rows
      .filter((row) => !/^[$#] /.test(row))
      .map((row) => row.trimEnd().replaceAll(this.home, pagesHome));
    // Where commands stood between two empty rows there is one.
    return trimmed(shown.filter((row, index) => row !== '' || shown[index - 1] !== ''));
  }

  #real(command: string, runs: readonly string[]): string {
    const here = command.replaceAll(pagesHome, this.home);
    return this.#bindings.real(here, (kind, shown, rest) => {
      const condition = /^-[a-z0-9-]+/.exec(rest)?.[0] ?? '';
      const run = runs.map((path) => basename(path)).findLast((name) => name.endsWith(condition));
      return kind === 'stamp' && run ? run.slice(0, shown.length) : shown;
    });
  }

  /** No registry can be reached: an experiment on a Python of a registry is built on one that is here. */
  #buildOnLocalImage(): void {
    for (const path of this.#files('Dockerfile')) {
      const text = readFileSync(path, 'utf8');
      if (/^FROM python:/m.test(text))
        writeFileSync(path, text.replace(/^FROM python:.*$/m, `FROM ${this.image}`));
    }
  }

  /** Folders of runs, oldest first. */
  #runs(): string[] {
    const receipts = this.#files('run.json').map((path) => dirname(path));
    return receipts.sort((one, other) => (basename(one) < basename(other) ? -1 : 1));
  }

  #files(name: string): string[] {
    return filesCalled(name, this.home);
  }

  #update(): void {
    const path = join(packageRoot, this.page);
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const { from, count, lines: mine } of this.#edits.toReversed()) lines.splice(from, count, ...mine);
    writeFileSync(path, lines.join('\n'));
  }

  /** Leaves nothing. */
  async remove(): Promise<void> {
    this.#shell.kill();
    const processes = () =>
      linesOf('ps', '-eww', '-o', 'pid=,args=').filter((line) => line.includes(`${this.home}/`));
    for (const line of processes()) killHard(Number.parseInt(line, 10));
    const receipts = this.#files('run.json').map((path) => JSON.parse(readFileSync(path, 'utf8')) as Kept);
    const containers = () =>
      receipts.flatMap(({ id }) => linesOf('docker', 'ps', '-aq', '--filter', `label=logistician.run=${id}`));
    await until('no container', () => {
      const left = containers();
      if (left.length > 0) spawnSync('docker', ['rm', '--force', ...left]);
      return left.length === 0;
    });
    spawnSync('docker', ['image', 'rm', ...new Set(receipts.map(({ recipe }) => recipe.image.tag))]);
    for (const folder of [this.home, this.scratch])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Kept {
  readonly id: string;
  readonly recipe: { readonly image: { readonly tag: string } };
}

/** Whether a shell would read no further. */
function isWhole(command: string): boolean {
  if (/[\\|]$|&&$/.test(command)) return false;
  const { status, stderr } = spawnSync('bash', ['-n', '-c', command], { encoding: 'utf8' });
  // Of the end of a text that is missing it only warns.
  return status === 0 && !stderr.includes('here-document');
}

const trimmed = (lines: readonly string[]): string[] => {
  const from = lines.findIndex((line) => line !== '');
  return from < 0 ? [] : lines.slice(from, lines.findLastIndex((line) => line !== '') + 1);
};

/** Whether a question, with what is proposed in brackets behind it, is the one that was answered so. */
const asks = (question: string, answered: string): boolean =>
  answered.startsWith(question.replace(/(?: \([^()]*\))?\s*$/, ''));

/** Files of that name, but for those of repositories and of jobs, which come and go. */
function filesCalled(name: string, folder: string): string[] {
  const passedBy = ['.git', '.parameters', 'data', 'home', 'source'];
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return passedBy.includes(entry.name) ? [] : filesCalled(name, path);
      return entry.name === name ? [path] : [];
    });
  } catch (error) {
    // A job's folder that went meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}
