import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { ownLine } from '../../errors.js';
import { type Command, command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { ofLongReads } from '../../shell/limits.js';
import type { Outcome } from '../../shell/process.js';
import { processesIn, processesWith } from '../../shell/processes.js';
import { pasteable } from '../../shell/word.js';
import * as line from './lines.js';
import { readEvents } from './messages.js';
import { nothingYet, type Progress, progressAfter } from './progress.js';
import { objectIn } from './state.js';
import { TerraformFailed } from './version.js';

/** How often what Terraform writes is looked at, in milliseconds. */
const interval = 200;

/** In so many milliseconds AWS shows what was asked of it. */
const settling = 5_000;

/** Terraform at work in one folder. What changes something runs in a session of its own with its output in a file, so
 *  that it comes to its end, and writes its state, whatever becomes of us. */
export class Terraform {
  constructor(
    private readonly executor: Executor,
    readonly at: line.Workplace,
    /** Is told what takes a while. */
    private readonly note: (text: string) => void,
  ) {}

  /** Waits for a Terraform that is still at work here: somebody who began it may be gone. */
  async others(): Promise<void> {
    for (let told = false; ; told = true) {
      // A person may have begun it in the folder itself.
      const there = processesIn(this.at.folder).find(({ program }) => program === 'terraform');
      const pid = there?.pid ?? (await processesWith(this.executor, `-chdir=${this.at.folder}`))[0];
      if (pid === undefined) return this.#endOrphans();
      if (!told) this.note(`Terraform is still at work on this deployment (process ${pid}); waiting for it.`);
      await sleep(interval);
    }
  }

  /** A provider outlives a Terraform that was killed, and goes on with what it was at, which nobody writes down. */
  async #endOrphans(): Promise<void> {
    const orphans = processesIn(this.at.folder).filter(
      ({ program, parent }) => program.startsWith('terraform-provider-') && parent !== 'terraform',
    );
    if (orphans.length === 0) return;
    this.note('Terraform was killed; its provider, which goes on by itself, is ended.');
    await this.executor.attempt(command('kill', '-KILL', ...orphans.map(({ pid }) => String(pid))));
    // What it has asked for last may not be seen at once.
    if (!this.executor.dryRun) await sleep(settling);
  }

  /** Makes the folder ready for the stack that is in it. */
  async init(): Promise<void> {
    await this.executor.change(command('mkdir', '-p', '-m', '700', this.at.pluginCache));
    if (this.executor.dryRun) {
      await this.executor.change(this.#apart(line.init(this.at), 'init.txt').command);
      return;
    }
    if (!hasProvider(this.at.pluginCache))
      this.note(
        `Terraform gets its AWS provider, some 150 MB to download and 700 MB on disk, once: ${this.at.pluginCache}`,
      );
    // The cache bears one writer.
    const release = await lock(this.at.pluginCache, {
      stale: 10_000,
      update: 2_000,
      retries: { retries: 600, minTimeout: 1000, maxTimeout: 1000, factor: 1 },
      onCompromised: () => {},
    });
    try {
      const { command: init, output } = this.#apart(line.init(this.at), 'init.txt');
      const { code } = await this.executor.attempt(init, { apart: true });
      if (code !== 0) throw this.#failed('init', output);
    } finally {
      await release().catch(() => {});
    }
  }

  /** Proves, before anything is made, that the state can be read and written where it is to be kept elsewhere.
   *  @param lineage of this state, no other's. @throws TerraformFailed */
  async claimState(lineage: string): Promise<void> {
    const pushed = await this.executor.attempt(line.pushEmpty(this.at, lineage));
    if (pushed.code === 0) return;
    // Terraform replaces no state that is there, of the same deployment as its key says.
    const { stdout } = await this.executor.query(line.pull(this.at), ofLongReads);
    if (!/"lineage": *"[^"]/.test(stdout)) throw stateFailed('write', pushed);
  }

  /** @param show is told of progress. @returns how it ended; errors of single resources are in it
   *  @throws TerraformFailed if nothing can be made of how it ended */
  async apply(show: (progress: Progress) => void): Promise<Progress> {
    return this.#follow(line.apply(this.at), 'apply.jsonl', show);
  }

  /** @throws TerraformFailed if not everything is gone */
  async destroy(show: (progress: Progress) => void): Promise<Progress> {
    return this.#follow(line.destroy(this.at), 'destroy.jsonl', show);
  }

  /** What `apply` would do, as Terraform tells people. @param anew addresses of what would be made anew
   *  @throws CommandFailed */
  async plan(anew: readonly string[]): Promise<string> {
    this.note('Asking Terraform what it would do.');
    return (await this.executor.change(line.plan(this.at, anew))).stdout;
  }

  /** What the outputs are after an apply. Each start of Terraform reads the whole provider to know it again, which
   *  takes seconds: so what the apply itself has said is good enough. */
  async outputs({ outputs }: Progress): Promise<Readonly<Record<string, unknown>>> {
    return outputs ?? objectIn(await this.executor.read(line.output(this.at), ofLongReads));
  }

  /** The state as JSON; empty: there is none, or what is here is no state any more.
   *  @param isElsewhere it is not kept here. @throws TerraformFailed if it cannot be read there, which says nothing of what
   *  it knows */
  async state(isElsewhere: boolean): Promise<string> {
    // A file is the same that `state pull` prints, which first reads all of its provider to know it again.
    const path = join(this.at.folder, line.stateFile);
    if (!isElsewhere) return existsSync(path) ? readFileSync(path, 'utf8') : '';
    const pulled = await this.executor.query(line.pull(this.at), ofLongReads);
    if (pulled.code !== 0) throw stateFailed('read', pulled);
    return pulled.stdout;
  }

  async #follow(what: Command, name: string, show: (progress: Progress) => void): Promise<Progress> {
    const { command: apart, output } = this.#apart(what, name);
    if (this.executor.dryRun) {
      await this.executor.change(apart);
      return nothingYet;
    }
    let progress = nothingYet;
    let offset = 0;
    const look = () => {
      const { events, consumed } = readEvents(readFrom(output, offset));
      offset += consumed;
      if (events.length === 0) return;
      progress = progressAfter(progress, events);
      show(progress);
    };
    const timer = setInterval(() => existsSync(output) && look(), interval);
    const { code } = await this.executor.attempt(apart, { apart: true }).finally(() => clearInterval(timer));
    look();
    const isToldOf = [...progress.resources.values()].some(({ step }) => step === 'failed');
    if (code !== 0 && !isToldOf) throw this.#failed(name.split('.')[0] ?? '', output, progress);
    return progress;
  }

  #apart(what: Command, name: string): { command: Command; output: string } {
    const output = join(this.at.folder, name);
    return { command: { ...what, output, errors: 'output' }, output };
  }

  #failed(verb: string, output: string, progress: Progress = nothingYet): TerraformFailed {
    const told = progress.rest
      .filter(({ severity }) => severity === 'error')
      .map(({ summary, detail }) => [summary, detail].filter(Boolean).join(': '));
    const said = told.length > 0 ? told : lastLines(existsSync(output) ? readFileSync(output, 'utf8') : '');
    return new TerraformFailed([`terraform ${verb} failed:`, ...said.map((text) => `  ${text}`)].join('\n'), [
      pasteable`less ${output}    # all that it said`,
    ]);
  }
}

const stateFailed = (verb: string, { stdout, stderr }: Outcome): TerraformFailed =>
  new TerraformFailed(
    [
      `Terraform cannot ${verb} its state:`,
      ...lastLines(`${stdout}\n${stderr}`).map((text) => `  ${text}`),
    ].join('\n'),
    [ownLine('deploy', [], 'when it can'), ownLine('terminate', [], 'ends all by its tag')],
  );

const lastLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((one) => /[\p{L}\p{N}]/u.test(one))
    .slice(-12);

/** What a file has from an offset on. */
function readFrom(path: string, offset: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const parts: Buffer[] = [];
    for (let from = offset; ; ) {
      const part = Buffer.alloc(1 << 16);
      const count = readSync(file, part, 0, part.length, from);
      if (count === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, count));
      from += count;
    }
  } finally {
    closeSync(file);
  }
}

/** A cache has a folder for each host that providers come from. */
const hasProvider = (pluginCache: string): boolean =>
  existsSync(pluginCache) &&
  readdirSync(pluginCache).some((host) => existsSync(join(pluginCache, host, 'hashicorp', 'aws')));
