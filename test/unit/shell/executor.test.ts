import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { command, pipe, write } from '../../../src/shell/command.js';
import { CommandFailed, Executor } from '../../../src/shell/executor.js';
import { Journal } from '../../../src/shell/journal.js';
import { processesWith } from '../../../src/shell/processes.js';
import { Secret } from '../../../src/shell/word.js';
import { until } from '../../support/until.js';

const folder = mkdtempSync(join(tmpdir(), 'logistician-unit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sh = (text: string) => command('sh', '-c', text);
let shown: string[];
let executor: Executor;

beforeEach(() => {
  shown = [];
  executor = new Executor(new Journal((line) => shown.push(line)));
});

describe('how a process ended', () => {
  it.each([
    [
      'well',
      sh('echo out; echo err >&2'),
      { kind: 'exited', code: 0, signal: null, stdout: 'out\n', stderr: 'err\n' },
    ],
    ['with a code', sh('echo out; exit 3'), { code: 3, signal: null, stdout: 'out\n' }],
    ['by a signal', sh('kill -KILL $$'), { kind: 'signalled', code: 137, signal: 'SIGKILL' }],
    ['by any signal', sh('kill -ABRT $$'), { code: 134, signal: 'SIGABRT' }],
    [
      'never begun',
      command('no-such-program-anywhere', 'x'),
      { kind: 'spawn-failed', code: 127, signal: null, stdout: '' },
    ],
    ['not to be run', command('/etc/passwd'), { kind: 'spawn-failed', code: 127, signal: null }],
    ['as if it were not there', sh('exit 127'), { kind: 'exited', code: 127, signal: null }],
  ])('%s', async (_, given, outcome) => {
    expect(await executor.attempt(given)).toMatchObject(outcome);
  });

  it('names a program that is not there', async () => {
    expect((await executor.query(command('no-such-program-anywhere'))).stderr).toContain(
      'no-such-program-anywhere',
    );
  });

  it.each([
    ['the one that feeds fails', pipe(sh('echo half; echo why >&2; exit 4'), command('cat')), 4, 'why'],
    [
      'the one that feeds is not there',
      pipe(command('no-such-feeder'), command('cat')),
      127,
      'no-such-feeder',
    ],
    [
      'the first of three fails',
      pipe(pipe(sh('echo why >&2; exit 5'), command('cat')), command('cat')),
      5,
      'why',
    ],
    ['the one that reads fails', pipe(sh('echo fine'), sh('cat; echo why >&2; exit 6')), 6, 'why'],
    [
      'the one that reads is not there',
      pipe(command('yes'), command('no-such-reader')),
      127,
      'no-such-reader',
    ],
  ])('in a pipe where %s', async (_, given, code, said) => {
    const outcome = await executor.query(given);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(said);
  });

  it('in a pipe whose reader has read enough is well', async () => {
    expect(await executor.query(pipe(command('yes'), command('head', '-n', '2')))).toMatchObject({
      code: 0,
      stdout: 'y\ny\n',
    });
  });

  it('is by SIGTERM when the caller gives up', async () => {
    const outcome = await executor.query(command('sleep', '60'), { signal: AbortSignal.timeout(50) });
    expect(outcome).toMatchObject({ code: 143, signal: 'SIGTERM' });
  });
});

describe('a program that Ctrl-C has ended', () => {
  const ended = command('sh', '-c', 'kill -INT $$');
  const silent = new Journal(() => {});

  it.each([
    ['change', (door: Executor) => door.change(ended)],
    ['read', (door: Executor) => door.read(ended)],
    ['as rsync ends', (door: Executor) => door.change(command('sh', '-c', 'exit 20'))],
    ['as ssh ends', (door: Executor) => door.change(command('sh', '-c', 'exit 255'))],
  ])('is not heard of before the Ctrl-C itself: %s', async (_, perform) => {
    const interrupt = new AbortController();
    const failed = perform(new Executor(silent, false, interrupt.signal)).catch(
      () => interrupt.signal.aborted,
    );
    setTimeout(() => interrupt.abort(), 50);
    expect(await failed).toBe(true);
  });

  it('is a failure like others where there was none', async () => {
    const door = new Executor(silent, false, new AbortController().signal);
    await expect(door.change(ended)).rejects.toThrow('was ended by SIGINT');
  });
});

describe('T9: a limit', () => {
  /** Numbers of processes that have the word on their command line. */
  const withWord = (word: string) => processesWith(executor, word);
  const word = () => `86400.${Math.random().toString().slice(2, 10)}`;

  it('ends a read that does not answer, and all that it has started', async () => {
    const [one, other] = [word(), word()];
    // One that goes when it is told so, and one that does not, behind a program that has gone.
    const text = `sleep ${one} & (trap '' TERM; sleep ${other}) & trap '' TERM; wait`;
    const outcome = await executor.query(sh(text), { timeoutMs: 300 });
    expect(outcome).toMatchObject({ kind: 'timeout', code: 124, beyond: 'within 0.3 s' });
    await until(
      'nothing is left',
      async () => (await withWord(one)).concat(await withWord(other)).length === 0,
    );
  });

  it('ends what feeds a read', async () => {
    const own = word();
    const read = pipe(command('sleep', own), command('cat'));
    expect(await executor.query(read, { timeoutMs: 300 })).toMatchObject({ kind: 'timeout' });
    expect(await withWord(own)).toEqual([]);
  });

  it('goes on without a process that the system does not let go', async () => {
    const own = word();
    // In a session and a family of its own, with our pipe in hand.
    const outcome = await executor.query(sh(`setsid sh -c 'sleep ${own} & exit' & wait; exit 0`), {
      timeoutMs: 300,
    });
    expect(outcome.kind).toBe('timeout');
    for (const pid of await withWord(own)) process.kill(pid, 'SIGKILL');
  });

  it.each(['stdout', 'stderr'])('ends a command with an endless %s, a change too', async (stream) => {
    const endless = sh(stream === 'stdout' ? 'exec yes' : 'exec yes >&2');
    const outcome = await executor.query(endless, { maxBytes: 2 ** 20 });
    expect(outcome).toMatchObject({ kind: 'too-much', code: 124, beyond: 'more than 1 MiB' });
    expect(outcome[stream as 'stdout'].length).toBeLessThanOrEqual(2 ** 20);
    const failed = await executor.change(endless).catch((error) => error);
    expect(failed).toBeInstanceOf(CommandFailed);
    expect(failed.message).toContain('wrote more than 16 MiB, and was ended:');
    expect(failed.message.length).toBeLessThan(10_000);
  });

  it('is told by a read and a change that have one', async () => {
    await expect(executor.read(sh('sleep 60'), { timeoutMs: 100 })).rejects.toThrow(
      'did not end within 0.1 s, and was ended:',
    );
    const failed = await executor.change(sh('sleep 60'), { timeoutMs: 100 }).catch((error) => error);
    expect(failed).toMatchObject({ command: sh('sleep 60'), outcome: { kind: 'timeout' } });
  });

  it('is of silence where output is handed on, and the time of who takes it does not count', async () => {
    const pieces: string[] = [];
    const onStdout = async (chunk: Buffer) => {
      pieces.push(String(chunk));
      await new Promise((resolve) => setTimeout(resolve, 1500));
    };
    const slow = sh('for n in 1 2 3; do echo $n; sleep 0.4; done');
    expect(await executor.query(slow, { timeoutMs: 1200, onStdout })).toMatchObject({
      kind: 'exited',
      code: 0,
    });
    expect(pieces.join('')).toBe('1\n2\n3\n');
    const silent = sh('echo 1; sleep 60');
    expect(await executor.query(silent, { timeoutMs: 300, onStdout: () => {} })).toMatchObject({
      kind: 'timeout',
    });
  });

  it('has no end for what is handed on, however much it is', async () => {
    let bytes = 0;
    const onStdout = (chunk: Buffer) => {
      bytes += chunk.length;
    };
    await executor.query(sh('yes | head -c 3000000'), {
      timeoutMs: Number.POSITIVE_INFINITY,
      maxBytes: 1000,
      onStdout,
    });
    expect(bytes).toBe(3_000_000);
  });
});

describe('change', () => {
  it('throws what failed, how, and the end of what it said', async () => {
    const failed = await executor.change(sh('seq 1 100 >&2; exit 3')).catch((error) => error);
    expect(failed).toBeInstanceOf(CommandFailed);
    expect(failed).toMatchObject({ line: "sh -c 'seq 1 100 >&2; exit 3'", outcome: { code: 3 } });
    expect(failed.message).toContain('ended with exit code 3');
    expect(failed.message).toContain('  100');
    expect(failed.message).not.toContain('\n  50');
  });

  it('leaves out the colours of what it said, and what it wrote over', async () => {
    const said = String.raw`printf 'Sending 1 kB\rSending 2 kB\r  \r\n\033[91mE: no such package\n\033[0mRemoved\n' >&2; exit 1`;
    const failure = (await executor.change(sh(said)).catch((error: unknown) => error)) as CommandFailed;
    expect(failure.message.split('\n').slice(2)).toEqual([
      '  Sending 2 kB',
      '  E: no such package',
      '  Removed',
    ]);
  });

  it('says by which signal', async () => {
    await expect(executor.change(sh('kill -KILL $$'))).rejects.toThrow('was ended by SIGKILL');
  });

  it('hands output on as it comes, and then does not keep it', async () => {
    const chunks: string[] = [];
    const outcome = await executor.change(sh('echo a; echo b'), {
      onStdout: (chunk) => chunks.push(String(chunk)),
    });
    expect(chunks.join('')).toBe('a\nb\n');
    expect(outcome.stdout).toBe('');
  });

  it('gives the process a secret, and the failure does not name it', async () => {
    const secret = new Secret('TOKEN', 'open sesame');
    const outcome = await executor.change({ ...command('cat'), input: { text: secret } });
    expect(outcome.stdout).toBe('open sesame');
    const failed = await executor
      .change({ ...command('false', secret), env: { T: secret } })
      .catch((error) => error);
    expect(`${failed.message}${JSON.stringify(failed)}`).not.toContain('sesame');
    expect(failed.line).toBe('T="$TOKEN" false "$TOKEN"');
  });
});

describe('a dry run', () => {
  it('prints every change and makes none', async () => {
    const dry = new Executor(new Journal((line) => shown.push(line)), true);
    const path = join(folder, 'never');
    expect(await dry.change(write(path, 'x'))).toEqual({
      kind: 'exited',
      code: 0,
      signal: null,
      stdout: '',
      stderr: '',
    });
    expect(await dry.attempt(command('no-such-program-anywhere'))).toMatchObject({ code: 0 });
    expect(existsSync(path)).toBe(false);
    expect(shown).toEqual([`$ printf %s x | cat > ${path}`, '$ no-such-program-anywhere']);
  });

  it('reads all the same', async () => {
    const dry = new Executor(new Journal((line) => shown.push(line)), true);
    expect(await dry.read(sh('printf "a\\n\\n"'))).toBe('a\n');
    expect(shown).toEqual([]);
  });
});

describe('the journal', () => {
  it('keeps lines from before and after in a file for its owner alone', async () => {
    const path = join(folder, 'commands.sh');
    await executor.change(command('echo', 'first line', new Secret('TOKEN', 'open sesame')));
    executor.journal.keepIn(path);
    await executor.query(command('echo', 'a read'));
    executor.journal.keepIn(path);
    await executor.change(command('true'));
    executor.journal.mention('docker run a\nb');
    expect(readFileSync(path, 'utf8')).toBe(`echo 'first line' "$TOKEN"\ntrue\n# docker run a\n# b\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(shown.join('\n')).not.toContain('sesame');
  });

  it('can be pasted into a shell', async () => {
    await executor.change(command('printf', '%s|', "it's", '$HOME', 'a b'));
    const { stdout } = await executor.query(sh(shown.map((line) => line.replace(/^\$ /, '')).join('\n')));
    expect(stdout).toBe("it's|$HOME|a b|");
  });
});
