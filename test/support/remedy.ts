import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Finished, packageRoot, type TestProject } from './project.js';
import type { ExecutedElsewhere } from './remedies.js';

/** An error as `--json` has it. */
export interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly suggestions: readonly string[];
}

/** Where a command is typed. */
interface At {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** As what a command of ours is started, such as `setpriv …`. */
  readonly as?: readonly string[];
}

/** A folder for PATH that has `logistician`, as where it is installed. */
export function binOf({ scratch }: TestProject): string {
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  const path = join(bin, 'logistician');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${join(packageRoot, 'bin', 'run.js')}' "$@"\n`);
  chmodSync(path, 0o755);
  return bin;
}

/** The refusal of a command; null: it is not refused. */
export async function refusedBy(
  project: TestProject,
  words: readonly string[],
  at: At,
): Promise<Refusal | null> {
  const dashes = words.indexOf('--');
  const place = dashes < 0 ? words.length : dashes;
  const { code, stdout } = await project.cli([...words.slice(0, place), '--json', ...words.slice(place)], at);
  if (code === 0) return null;
  const lines = stdout.trim().split('\n');
  const { error } = JSON.parse(lines[0] === '{' ? stdout : (lines.at(-1) ?? '')) as { error: Refusal };
  return error;
}

/** The line as a person pastes it, who answers yes; what would take long is a dry run. */
const pasted = (line: string): string =>
  line
    .replaceAll(/\blogistician (deploy|rerun|run) /g, 'logistician $1 --dry-run ')
    .replaceAll(/\blogistician (deploy|rerun|run)(?=\s|$)(?! --dry-run)/g, 'logistician $1 --dry-run')
    .replaceAll(/\blogistician (create|terminate|setup)(?=\s|$)/g, 'logistician $1 --yes');

/** The same, with all that it takes. */
const confirmed = (line: string): string =>
  line.replaceAll(/\blogistician (create|deploy|rerun|setup|terminate)(?=\s|$)/g, 'logistician $1 --yes');

interface Pasting extends At {
  /** What is typed then. */
  readonly input?: string | undefined;
  /** `deploy` is not a dry run. */
  readonly really?: boolean;
}

/** Pastes a line into a shell. */
export async function pasteAnyhow(
  line: string,
  { cwd, env, input = '', really = false }: Pasting,
): Promise<Finished> {
  const child = spawn('bash', ['-c', (really ? confirmed : pasted)(line)], { cwd, env, stdio: 'pipe' });
  const said: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  child.stdout.on('data', (part: Buffer) => said.stdout.push(part));
  child.stderr.on('data', (part: Buffer) => said.stderr.push(part));
  // A program that reads nothing may have ended.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? -1));
  });
  const textOf = (parts: readonly Buffer[]) => Buffer.concat(parts).toString('utf8');
  return { code, stdout: textOf(said.stdout), stderr: textOf(said.stderr) };
}

/** The same, where it must succeed. @returns what stands on standard output */
export async function paste(line: string, how: Pasting): Promise<string> {
  const { code, stdout, stderr } = await pasteAnyhow(line, how);
  const said = code === 0 ? '' : `${stdout}\n${stderr}`;
  expect({ line, code, said }).toEqual({ line, code: 0, said: '' });
  return stdout;
}

/** The lines that a refusal proposes. @param of as test/support/remedies.ts has it */
export function proposed(of: ExecutedElsewhere, refusal: Refusal | null): readonly string[] {
  if (refusal === null) throw new Error(`no refusal: ${of} proposes nothing`);
  if (/^[A-Z]/.test(of)) expect({ name: refusal.name, said: refusal.message }).toMatchObject({ name: of });
  return refusal.suggestions;
}

/** The lines that a command proposes on its error output, under `Try:`. It must be wide enough to fold none. */
export const tried = (stderr: string): string[] =>
  [...stderr.matchAll(/^ *Try:\n((?: {4,}\S.*\n?)+)/gm)].flatMap(([, lines = '']) =>
    lines.split('\n').flatMap((line) => line.trim() || []),
  );

/** What a command proposes that tells of several machines or jobs, and ends with 1. @param at must be wide */
export async function toldBy(
  project: TestProject,
  of: ExecutedElsewhere,
  words: readonly string[],
  at: At,
): Promise<{ readonly message: string; readonly lines: readonly string[] }> {
  const { code, stdout, stderr } = await project.cli(words, { ...at, env: { ...at.env, COLUMNS: '1000' } });
  const message = `${stdout}\n${stderr}`;
  expect(code, message).toBe(1);
  return { message, lines: proposed(of, { name: of, message, suggestions: tried(stderr) }) };
}

/** A setting that is proposed for parameters.json, as it is read there; null: the line is none. */
export function settingIn(line: string): Readonly<Record<string, unknown>> | null {
  if (!/^"\w+": /.test(line)) return null;
  return JSON.parse(`{${line.replace(/ {4}#.*/, '').replace(/,$/, '')}}`) as Record<string, unknown>;
}
