import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { command, pipe, write } from '../../../src/shell/command.js';
import { CommandFailed, Executor } from '../../../src/shell/executor.js';
import { Journal } from '../../../src/shell/journal.js';
import { Secret } from '../../../src/shell/word.js';

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
    ['well', sh('echo out; echo err >&2'), { code: 0, signal: null, stdout: 'out\n', stderr: 'err\n' }],
    ['with a code', sh('echo out; exit 3'), { code: 3, signal: null, stdout: 'out\n' }],
    ['by a signal', sh('kill -KILL $$'), { code: 137, signal: 'SIGKILL' }],
    ['by any signal', sh('kill -ABRT $$'), { code: 134, signal: 'SIGABRT' }],
    ['never begun', command('no-such-program-anywhere', 'x'), { code: 127, signal: null, stdout: '' }],
    ['not to be run', command('/etc/passwd'), { code: 127, signal: null }],
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

describe('change', () => {
  it('throws what failed, how, and the end of what it said', async () => {
    const failed = await executor.change(sh('seq 1 100 >&2; exit 3')).catch((error) => error);
    expect(failed).toBeInstanceOf(CommandFailed);
    expect(failed).toMatchObject({ line: "sh -c 'seq 1 100 >&2; exit 3'", outcome: { code: 3 } });
    expect(failed.message).toContain('ended with exit code 3');
    expect(failed.message).toContain('  100');
    expect(failed.message).not.toContain('\n  50');
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
    expect(await dry.change(write(path, 'x'))).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
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
