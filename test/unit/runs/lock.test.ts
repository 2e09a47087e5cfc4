import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LockHeld, takeLock } from '../../../src/runs/lock.js';
import { nameOfProcess } from '../../../src/shell/processes.js';
import { scratchFolder } from '../../support/repository.js';
import { until } from '../../support/until.js';

/** Takes the lock `rounds` times and says so, in a process of its own. `hold`: until it is told to let go. `die`: it
 *  leaves the lock as one who was killed would. Nothing else may be between `enter` and `leave`. */
const holder = `
import { mkdirSync, renameSync, rmdirSync, symlinkSync } from 'node:fs';
import { once } from 'node:events';
import { takeLock } from ${JSON.stringify(fileURLToPath(new URL('../../../src/runs/lock.ts', import.meta.url)))};
const [path, rounds, way, dead] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) {
  const unlock = await takeLock(path, () => console.log('waits'));
  if (way === 'hold') {
    console.log('holds');
    await once(process.stdin, 'data');
  } else {
    mkdirSync(path + '.inside');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    rmdirSync(path + '.inside');
  }
  if (way !== 'die') unlock();
  else {
    symlinkSync(dead, path + '.dead.' + process.pid);
    renameSync(path + '.dead.' + process.pid, path);
  }
}
console.log('ended');
process.exit(0);
`;

let built: string;
let scratch: string;
let path: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  built = scratchFolder();
  await build({
    stdin: { contents: holder, resolveDir: built, loader: 'ts' },
    ...{
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(built, 'holder.mjs'),
      logLevel: 'error',
    },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));
beforeEach(() => {
  scratch = scratchFolder();
  path = join(scratch, 'lock');
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

function start(way: 'hold' | 'die' | 'release', rounds = 1) {
  const child = spawn(process.execPath, [join(built, 'holder.mjs'), path, String(rounds), way, dead], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    pid: child.pid ?? 0,
    said: () => said,
    says: (text: string) => until(text, () => said.includes(text)),
    letGo: () => child.stdin.write('go\n'),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    ended,
  };
}

/** Of this computer; no process has this number. */
const dead = `99999999 1 boot@${hostname()}`;
const isTaken = () => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Waits for the lock here. @returns how far it is */
function waiter() {
  const state = { waits: false, unlock: null as (() => void) | null };
  const taken = takeLock(path, () => {
    state.waits = true;
  }).then((unlock) => {
    state.unlock = unlock;
  });
  return { state, taken };
}

describe('the lock of a deployment', () => {
  it('names its holder, and is gone when that one lets go', async () => {
    const unlock = await takeLock(path, () => expect.unreachable());
    expect(readlinkSync(path)).toBe(nameOfProcess(process.pid));
    unlock();
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('waits for another holder, says so once, and has it then', async () => {
    const other = start('hold');
    await other.says('holds');
    const { state, taken } = waiter();
    await until('it waits', () => state.waits);
    expect(state.unlock).toBe(null);
    other.letGo();
    await taken;
    expect(readlinkSync(path)).toBe(nameOfProcess(process.pid));
    state.unlock?.();
    expect(isTaken()).toBe(false);
  });

  it('T7: a suspended holder keeps it', async () => {
    const other = start('hold');
    await other.says('holds');
    other.kill('SIGSTOP');
    const name = readlinkSync(path);
    const { state, taken } = waiter();
    await until('it waits', () => state.waits);
    expect([state.unlock, readlinkSync(path)]).toEqual([null, name]);
    // However long that was.
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 3_600_000);
    await expect(taken).rejects.toThrow(LockHeld);
    vi.restoreAllMocks();
    expect(readlinkSync(path)).toBe(name);
    other.kill('SIGCONT');
    other.letGo();
    expect(await other.ended).toBe(0);
    expect(other.said()).toContain('ended');
    expect(isTaken()).toBe(false);
  });

  it('T7: one who waits too long is told who holds it, and how to go on', async () => {
    const other = start('hold');
    await other.says('holds');
    const { state, taken } = waiter();
    await until('it waits', () => state.waits);
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 61_000);
    const error = await taken.then(
      () => null,
      (refused: LockHeld) => refused,
    );
    expect(error?.message).toContain(`process ${other.pid}`);
    expect(error?.suggestions[0]).toMatch(new RegExp(`^ps -fp ${other.pid} `));
    expect(error?.suggestions[1]).toMatch(new RegExp(`^kill -CONT ${other.pid} `));
  });

  it('T7: that of a dead holder is taken over', async () => {
    const other = start('hold');
    await other.says('holds');
    other.kill('SIGKILL');
    await other.ended;
    expect(isTaken()).toBe(true);
    const unlock = await takeLock(path, () => expect.unreachable());
    expect(readlinkSync(path)).toBe(nameOfProcess(process.pid));
    unlock();
    expect(readdirSync(scratch)).toEqual([]);
  });

  it.each([
    ['whose number another process has now', `${process.pid} 1 boot@${hostname()}`],
    ['of an earlier boot', nameOfProcess(process.pid).replace(/ [^ ]*@/, ' earlier@')],
    ['that is no name', `x@${hostname()}`],
  ])('T7: so is that of one %s', async (_, name) => {
    symlinkSync(name, path);
    const unlock = await takeLock(path, () => expect.unreachable());
    unlock();
    expect(isTaken()).toBe(false);
  });

  it('T7: a holder on another computer that shares the folder is not judged from here', async () => {
    symlinkSync('1234 5678 boot@elsewhere.example.org', path);
    const { state, taken } = waiter();
    await until('it waits', () => state.waits);
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 61_000);
    const error = await taken.then(
      () => null,
      (refused: LockHeld) => refused,
    );
    expect(error?.message).toContain('process 1234 on elsewhere.example.org');
    expect(error?.suggestions).toEqual([
      'ssh elsewhere.example.org ps -fp 1234',
      expect.stringMatching(`^rm ${path} `),
    ]);
    expect(readlinkSync(path)).toBe('1234 5678 boot@elsewhere.example.org');
  });

  it('T7: one that died while it took over is no hindrance', async () => {
    symlinkSync(dead, path);
    symlinkSync(dead, `${path}.taking`);
    const unlock = await takeLock(path, () => expect.unreachable());
    unlock();
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('does not let go of what another one has taken since', async () => {
    const unlock = await takeLock(path, () => {});
    rmSync(path);
    symlinkSync('1234 5678 boot@elsewhere.example.org', path);
    unlock();
    expect(readlinkSync(path)).toContain('elsewhere');
  });

  it.each(['release', 'die'] as const)('T7: several at once have it one after the other: %s', async (way) => {
    symlinkSync(dead, path);
    const rounds = Number(process.env.LOGISTICIAN_SOAK_ROUNDS ?? 5);
    const all = Array.from({ length: 4 }, () => start(way, rounds));
    for (const one of all) expect({ code: await one.ended, said: one.said() }).toMatchObject({ code: 0 });
    expect(readdirSync(scratch)).toEqual(way === 'die' ? ['lock'] : []);
  });
});
