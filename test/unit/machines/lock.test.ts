import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scratchFolder } from '../../support/repository.js';

const runner = fileURLToPath(new URL('../../../templates/machine/runner/', import.meta.url));

describe("the runner's locks", () => {
  let folder: string;
  beforeEach(() => {
    folder = scratchFolder();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Runs lines of the runner's language beside its locks. */
  async function run(lines: string): Promise<string> {
    const script = `. "$1/process.sh"; . "$1/lock.sh"; cd "$2"; find_machine\n${lines}`;
    const child = spawn('sh', ['-c', script, 'sh', runner, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(String(chunk)));
    const code = await new Promise((resolve) => child.on('close', resolve));
    return `${said.join('')}exit ${code}`;
  }

  const dead = '999999999 1 boot';

  it('of a dead holder is taken over', async () => {
    expect(await run(`ln -s "${dead}@$machine" lock; lock lock 20 && readlink lock; unlock lock`)).toMatch(
      /^\d+ \d+ \S+@\S+\nexit 0$/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of the next holder is neither moved nor removed, where the last one ended during the look', async () => {
    const said = await run(`
      ln -s "${dead}@$machine" lock
      # The dead one's place is taken at the worst moment.
      is_live() { case $1 in [0-9]*) rm -f lock; ln -s next lock; return 1 ;; esac; }
      is_elsewhere() { return 1; }
      mv() { echo "moved $*"; command mv "$@"; }
      rm() { case $* in *lock.taking) ;; *) echo "removed $*" ;; esac; command rm "$@"; }
      lock lock 3 2>/dev/null; echo "$? $(readlink lock)"`);
    expect(said).toBe('removed -f lock\n1 next\nexit 0');
  });

  it('is left by all, and lets one in at a time, where short and long processes want it at once', async () => {
    writeFileSync(join(folder, 'count'), '0\n');
    const once = 'lock lock || exit 1; read -r n <count; echo $((n + 1)) >count; unlock lock';
    const short = Array.from({ length: 4 }, async () => {
      for (let n = 0; n < 20; n++) expect(await run(once)).toBe('exit 0');
    });
    const long = [1, 2].map(() => run(`for n in $(seq 20); do ${once}; sleep 0.02; done`));
    expect(await Promise.all([...long, ...short])).toContain('exit 0');
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('120\n');
    expect(readdirSync(folder)).toEqual(['count']);
  });
});
