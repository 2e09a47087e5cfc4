import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Finished, How, TestProject } from './project.js';
import { scratchFolder } from './repository.js';

/** What an attack is after: files that must stay as they are, and a program that must never run. */
export class Attacker {
  readonly folder = scratchFolder();
  /** A folder of the person's, with a file in it. */
  readonly victims = join(this.folder, 'victims');
  readonly victim = join(this.victims, 'precious');
  /** It leaves a mark when it is run. */
  readonly program = join(this.folder, 'program');
  readonly #marks = join(this.folder, 'marks');
  readonly #before: string;

  constructor() {
    mkdirSync(this.victims);
    writeFileSync(this.victim, 'precious\n');
    mkdirSync(this.#marks);
    chmodSync(this.#marks, 0o777);
    writeFileSync(this.program, `#!/bin/sh\n${this.mark('program "$0" "$@"')}\ncat\n`);
    chmodSync(this.program, 0o755);
    this.#before = this.#victims();
  }

  /** A line of shell that leaves a mark if it is obeyed. */
  mark(name: string): string {
    return `echo ${name} "$PPID" >>'${this.#marks}/mark'`;
  }

  /** @throws AssertionError if anything planted was run, or a victim was written to */
  expectNothingDone(): void {
    const mark = join(this.#marks, 'mark');
    expect(existsSync(mark) ? readFileSync(mark, 'utf8') : '').toBe('');
    expect(this.#victims()).toBe(this.#before);
  }

  #victims(): string {
    const list = readdirSync(this.victims, { recursive: true }).map(String).sort();
    const facts = list.map((name) => {
      const path = join(this.victims, name);
      const { mode } = lstatSync(path);
      return `${name} ${mode} ${lstatSync(path).isFile() ? readFileSync(path, 'utf8') : ''}`;
    });
    return facts.join('\n');
  }

  remove(): void {
    execFileSync('rm', ['-rf', this.folder]);
  }
}

/** Every verb that looks at an experiment or changes it, but those that begin jobs. */
export const looking: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--json'],
  ['logs'],
  ['sync'],
  ['conditions'],
  ['validate'],
  ['doctor'],
  ['build', '--dry-run'],
  ['deploy', '--dry-run'],
  ['stop'],
  ['terminate', '--yes'],
];

/** Every verb about runs, but those that begin jobs or ask for an answer.
 * @param run how one is named. @param into a folder for what they write */
export const ofRuns = (run: string, into: string): readonly (readonly string[])[] => [
  ['history'],
  ['history', '--all-columns', '--csv'],
  ['list'],
  ['last'],
  ['describe', run],
  ['measures', run],
  ['compare', 'last~1', run],
  ['best', '--by', 'accuracy'],
  ['output', run, '--list'],
  ['output', run, '-o', join(into, 'output'), '--force'],
  ['note', run, 'hello'],
  ['tag', run, 'seen'],
  ['rerun', run, '--dry-run'],
  ['reproduce', run],
  ['export', run, '-o', join(into, 'run.tar'), '--force'],
  ['clean', '--dry-run'],
  ['clean', '--yes'],
];

/** Those that follow what is running; nothing is. */
export const following: readonly (readonly string[])[] = [
  ['status', '--watch'],
  ['logs', '--follow'],
];

/** Runs each of the verbs. It has to come to an end by itself, with a plain word where something is wrong. */
export async function withEach(
  project: TestProject,
  verbs: readonly (readonly string[])[],
  check: (verb: readonly string[], finished: Finished) => void,
  how: How = {},
): Promise<void> {
  for (const verb of verbs) {
    // Longer than any limit of ours, which a computer with much else to do may need whole.
    const limit = ['timeout', '--signal=KILL', '300'];
    const finished = await project.cli(verb, { ...how, as: limit }).catch((error: Error) => error);
    if (finished instanceof Error) throw new Error(`${verb.join(' ')} did not end: ${finished.message}`);
    const said = `${finished.stdout}\n${finished.stderr}`;
    if (finished.code === 137) throw new Error(`${verb.join(' ')} did not end:\n${said}`);
    expect(said, verb.join(' ')).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
    expect([0, 1, 2, 125], `${verb.join(' ')}: ${said}`).toContain(finished.code);
    check(verb, finished);
  }
}
