import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot, type TestProject } from './project.js';

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
    .replaceAll(/\blogistician (deploy|rerun|run)(?= |$)(?! --dry-run)/g, 'logistician $1 --dry-run')
    .replaceAll(/\blogistician (create|terminate|setup)(?= |$)/g, 'logistician $1 --yes');

/** Pastes a line into a shell, where it must succeed. @param input what is typed then */
export function paste(
  line: string,
  { cwd, env, input = '' }: At & { readonly input?: string | undefined },
): void {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', pasted(line)], {
    ...{ cwd, env, input },
    encoding: 'utf8',
  });
  expect({ line, status, said: status === 0 ? '' : `${stdout}\n${stderr}` }).toEqual({
    line,
    status: 0,
    said: '',
  });
}
