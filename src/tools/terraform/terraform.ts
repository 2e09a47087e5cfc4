import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { ownLine } from '../../errors.js';
import { type Command, command } from '../../shell/command.js';
import { CommandFailed, type Executor } from '../../shell/executor.js';
import { ofLongReads } from '../../shell/limits.js';
import type { Outcome } from '../../shell/process.js';
import { processesIn, processesWith } from '../../shell/processes.js';
import { pasteable } from '../../shell/word.js';
import * as line from './lines.js';
import { readEvents } from './messages.js';
import { nothingYet, type Progress, progressAfter } from './progress.js';
import { objectIn } from './state.js';
import { TerraformFailed } from './version.js';

/** Interval of polling Terraform's output, in milliseconds. */
const interval = 200;

/** Time until AWS lists a resource that was just requested, in milliseconds. */
const settling = 5_000;

/** Terraform in one folder. Changes run in a process session of their own, with output to a file, so that Terraform
 * finishes and writes its state even if this process is killed. */
export class Terraform {
  constructor(
    private readonly executor: Executor,
    readonly at: line.Workplace,
    /** Notes steps that take a while. */
    private readonly note: (text: string) => void,
  ) {}

  /** Waits for a Terraform that is still running here: the process that started it may be gone. */
  async others(): Promise<void> {
    for (let told = false; ; told = true) {
      // The user may have started it in the folder itself.
      const there = processesIn(this.at.folder).find(({ program }) => program === 'terraform');
      const pid = there?.pid ?? (await processesWith(this.executor, `-chdir=${this.at.folder}`))[0];
      if (pid === undefined) return this.#endOrphans();
      if (!told)
        this.note(`Terraform is still running for this deployment (process ${pid}); waiting for it.`);
      await sleep(interval);
    }
  }

  /** The provider of a killed Terraform keeps running, and nothing records what it creates. */
  async #endOrphans(): Promise<void> {
    const orphans = processesIn(this.at.folder).filter(
      ({ program, parent }) => program.startsWith('terraform-provider-') && parent !== 'terraform',
    );
    if (orphans.length === 0) return;
    this.note('Terraform was killed; ending its provider, which is still running.');
    await this.executor.attempt(command('kill', '-KILL', ...orphans.map(({ pid }) => String(pid))));
    // AWS may not list its last requests at once.
    if (!this.executor.dryRun) await sleep(settling);
  }

  /** Initialises the folder for its stack. */
  async init(): Promise<void> {
    await this.executor.change(command('mkdir', '-p', '-m', '700', this.at.pluginCache));
    if (this.executor.dryRun) {
      await this.executor.change(this.#apart(line.init(this.at), 'init.txt').command);
      return;
    }
    if (!hasProvider(this.at.pluginCache))
      this.note(
        `Terraform downloads its AWS provider (some 150 MB, 700 MB on disk), once: ${this.at.pluginCache}`,
      );
    // The cache supports only one writer.
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

  /** Verifies, before anything is created, that a remote state can be read and written.
   * @param lineage of this state only. @throws TerraformFailed */
  async claimState(lineage: string): Promise<void> {
    const pushed = await this.executor.attempt(line.pushEmpty(this.at, lineage));
    if (pushed.code === 0) return;
    // An existing state with this key belongs to the same deployment; it is not replaced.
    const { stdout } = await this.executor.query(line.pull(this.at), ofLongReads);
    if (!/"lineage": *"[^"]/.test(stdout)) throw stateFailed('write', pushed);
  }

  /** @param show receives progress.
   * @returns how it ended, including errors of single resources @throws TerraformFailed if its result is unknown */
  async apply(show: (progress: Progress) => void): Promise<Progress> {
    return this.#follow(line.apply(this.at), 'apply.jsonl', show);
  }

  /** @throws TerraformFailed if not everything was destroyed */
  async destroy(show: (progress: Progress) => void): Promise<Progress> {
    return this.#follow(line.destroy(this.at), 'destroy.jsonl', show);
  }

  /** What `apply` would do, as Terraform prints it for people.
   * @param replaced addresses of resources that would be replaced @throws CommandFailed */
  async plan(replaced: readonly string[]): Promise<string> {
    this.note('Asking Terraform what it would do.');
    const asked = line.plan(this.at, replaced);
    const outcome = await this.executor.attempt(asked);
    if (outcome.code !== 0) throw new CommandFailed(asked, outcome, this.#mending(outcome.stderr));
    return outcome.stdout;
  }

  /** A full disk, or a cut connection, leaves half of a provider in the cache, and Terraform uses it again and again. */
  #mending(said: string): string[] {
    const { pluginCache } = this.at;
    const isBroken = brokenProvider.test(said) && hasProvider(pluginCache);
    return isBroken ? [`${pasteable`rm -r ${pluginCache}`}    # the provider is downloaded again`] : [];
  }

  /** The outputs after an apply, from its own events if possible: each start of Terraform reads the whole provider,
   * which takes seconds. */
  async outputs({ outputs }: Progress): Promise<Readonly<Record<string, unknown>>> {
    return outputs ?? objectIn(await this.executor.read(line.output(this.at), ofLongReads));
  }

  /** The state as JSON; empty: there is none, or the local file is damaged.
   * @param isElsewhere the state is remote.
   * @throws TerraformFailed if a remote state cannot be read: then its contents are unknown */
  async state(isElsewhere: boolean): Promise<string> {
    // The file is the same as the output of `state pull`, which would first read the whole provider.
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
      ...this.#mending(said.join('\n')),
      pasteable`less ${output}    # its whole output`,
    ]);
  }
}

const stateFailed = (verb: string, { stdout, stderr }: Outcome): TerraformFailed =>
  new TerraformFailed(
    [
      `Terraform cannot ${verb} its state:`,
      ...lastLines(`${stdout}\n${stderr}`).map((text) => `  ${text}`),
    ].join('\n'),
    [ownLine('deploy', [], 'tries again'), ownLine('terminate', [], 'terminates everything by its tag')],
  );

const lastLines = (text: string): string[] =>
  text
    .split('\n')
    .filter((one) => /[\p{L}\p{N}]/u.test(one))
    .slice(-12);

/** Reads a file from an offset on. */
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

/** Terraform's words for a provider that it cannot install or start. */
const brokenProvider =
  /plugin schemas|exec format error|checksum|could not be installed|install provider|start plugin|instantiat\w+ provider/i;

/** Whether the cache has a provider: it has a folder for each registry host. */
const hasProvider = (pluginCache: string): boolean =>
  existsSync(pluginCache) &&
  readdirSync(pluginCache).some((host) => existsSync(join(pluginCache, host, 'hashicorp', 'aws')));
