import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionLoss } from '../../src/machines/connection.js';
import { command } from '../../src/shell/command.js';
import { CommandFailed, Executor } from '../../src/shell/executor.js';
import { Journal } from '../../src/shell/journal.js';
import { processesWith } from '../../src/shell/processes.js';
import { SshPool } from '../../src/tools/ssh/pool.js';
import { Unreachable } from '../../src/tools/ssh/unreachable.js';
import { isMissing } from '../support/engines.js';
import { scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';
import { Sshd } from '../support/sshd.js';
import { until } from '../support/until.js';

describe.skipIf(isMissing('sshd'))('T9: a machine that hangs', () => {
  const folder = scratchFolder();
  const executor = new Executor(new Journal(() => {}));
  const pool = new SshPool();
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await Sshd.start(join(folder, 'sshd'));
  });
  afterAll(async () => {
    pool.close();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const sh = (text: string, ...words: string[]) => command('sh', '-c', text, 'sh', ...words);
  /** A number of seconds that no other process sleeps. */
  const aDay = () => `86400.${Math.random().toString().slice(2, 10)}`;
  const isOver = (word: string) =>
    until('nothing is left there', async () => (await processesWith(executor, word)).length === 0);

  it.each([
    ['', 'sleep "$1"; :', {}],
    [', with any signal', `trap '' TERM; sleep "$1"; sleep "$1"; :`, {}],
    [', where its timeout is known', 'sleep "$1"; :', { hasTimeout: true }],
  ])('is left alone in the end, and leaves nothing running%s', async (_, text, known) => {
    const gpu2 = sshd.connection('gpu2', pool, sshd.hostKey, known);
    const word = aDay();
    const asked = gpu2.query(sh(text, word), { timeoutMs: 3000 }).catch((error) => error);
    // What else is asked of it at the same time is answered.
    expect((await gpu2.query(command('echo', 'yes'))).stdout).toBe('yes\n');
    const problem = await asked;
    expect(problem).toBeInstanceOf(Unreachable);
    expect(problem.message).toBe('gpu2 did not answer within 3 s.');
    await isOver(word);
    expect((await gpu2.query(command('echo', 'yes'))).stdout).toBe('yes\n');
  });

  it.each(['exec yes', 'exec yes >&2'])(
    'with an endless answer is not heard to its end: %s',
    async (text) => {
      const gpu2 = sshd.connection('gpu2', pool);
      await expect(gpu2.query(sh(text), { maxBytes: 2 ** 20 })).rejects.toThrow('gpu2 sent more than 1 MiB.');
      expect((await gpu2.query(command('echo', 'yes'))).stdout).toBe('yes\n');
    },
  );

  slow('does not get its connection back where its server stands still', async () => {
    const own = new SshPool();
    const gpu2 = sshd.connection('still', own);
    await gpu2.query(command('true'));
    sshd.signalSessions('SIGSTOP');
    try {
      await expect(gpu2.query(command('true'), { timeoutMs: 500 })).rejects.toThrow('did not answer within');
      // The next one that answers has a connection of its own.
      await until('a new connection', () =>
        gpu2.query(command('true'), { timeoutMs: 5000 }).then(
          () => true,
          () => false,
        ),
      );
    } finally {
      sshd.signalSessions('SIGCONT');
      own.close();
    }
  });

  it('in its login shell, which hears no signal, keeps no other machine waiting', async () => {
    const word = aDay();
    const asleep = await Sshd.start(join(folder, 'asleep'), { more: { ForceCommand: `exec sleep ${word}` } });
    try {
      const [gpu1, gpu2] = [sshd.connection('gpu1', pool), asleep.connection('gpu2', pool)];
      const answers = await Promise.allSettled(
        [gpu1, gpu2].map((gpu) => gpu.query(command('echo', 'yes'), { timeoutMs: 20_000 })),
      );
      expect(answers).toMatchObject([{ value: { stdout: 'yes\n' } }, { reason: { machine: 'gpu2' } }]);
    } finally {
      await asleep.stop();
      for (const pid of await processesWith(executor, word)) process.kill(pid, 'SIGKILL');
    }
  });

  slow('is left alone by reads that go by ssh itself, and ended there', async () => {
    // A certificate is what they go by ssh for.
    const route = sshd.route('gpu2', { certificateFiles: [join(sshd.folder, 'key.pub')] });
    const gpu2 = sshd.connection('gpu2', pool, sshd.hostKey, { route });
    const word = aDay();
    await expect(gpu2.query(command('sleep', word), { timeoutMs: 1000 })).rejects.toThrow(
      'gpu2 did not answer within 1 s.',
    );
    await isOver(word);
    await expect(gpu2.query(command('yes'), { maxBytes: 2 ** 20 })).rejects.toThrow(
      'gpu2 sent more than 1 MiB.',
    );
    expect((await gpu2.query(command('sh', '-c', 'echo "$1"; exit 3', 'sh', 'a b'))).stdout).toBe('a b\n');
  });

  it('is left alone by a change that has a limit', async () => {
    const line = sshd.connection('gpu2', pool).reach(sh('sleep 5; :'));
    const failed = await executor.change(line, { timeoutMs: 1000 }).catch((error) => error);
    expect(failed).toBeInstanceOf(CommandFailed);
    expect(connectionLoss('gpu2', failed)?.message).toBe('gpu2 did not answer within 1 s.');
  });

  it('is followed for ever, silent or not', async () => {
    const chunks: string[] = [];
    const outcome = await sshd
      .connection('gpu2', pool)
      .query(sh('echo 1; sleep 1; head -c 1000000 /dev/zero'), {
        timeoutMs: Number.POSITIVE_INFINITY,
        maxBytes: 1000,
        onStdout: (chunk) => void chunks.push(String(chunk)),
      });
    expect(outcome).toMatchObject({ kind: 'exited', code: 0, stdout: '' });
    expect(chunks.join('')).toHaveLength(1_000_002);
  });
});
