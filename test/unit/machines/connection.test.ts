import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { connectionLoss, here, overSsh } from '../../../src/machines/connection.js';
import { type Command, command, renderCommand, write } from '../../../src/shell/command.js';
import { CommandFailed } from '../../../src/shell/executor.js';
import type { Outcome } from '../../../src/shell/process.js';
import { Secret } from '../../../src/shell/word.js';
import { SshPool } from '../../../src/tools/ssh/pool.js';
import { unreachable } from '../../../src/tools/ssh/unreachable.js';
import { hostileWords } from '../../support/hostile-words.js';

const route = {
  typed: 'gpu1.lab',
  host: 'gpu1.lab',
  port: 22,
  user: 'ada',
  identityFiles: [],
  certificateFiles: [],
  agent: null,
  identitiesOnly: false,
  jump: null,
  proxyCommand: null,
  knownHosts: [],
  knownAs: 'gpu1.lab',
  config: null,
};

const to = (config: string) =>
  overSsh(config, { name: 'gpu1', route, hostKeys: [], mend: [], key: null }, new SshPool());

describe('what a command failed with', () => {
  const failed = (given: Command, outcome: Partial<Outcome>) =>
    connectionLoss(
      'gpu2',
      new CommandFailed(given, { kind: 'exited', code: 1, signal: null, stdout: '', stderr: '', ...outcome }),
    )?.message ?? null;
  const line = to('/c').reach(command('sh', 'runner.sh', 'begin'));
  const copy = command('rsync', '--rsh', 'ssh -F /c', 'gpu2:/a', '/b');
  const push = { ...command('git', 'push', 'ssh://gpu2/a'), env: { GIT_SSH_COMMAND: 'ssh -F /c' } };
  const hungUp = { code: 128, stderr: 'fatal: the remote end hung up unexpectedly\n' };

  it.each<[string, Command, Partial<Outcome>, string | null]>([
    [
      'ssh',
      line,
      { code: 255, stderr: 'ssh: connect to host gpu2: No route to host\r\n' },
      'gpu2 cannot be reached: ssh: connect to host gpu2: No route to host.',
    ],
    ['ssh, of what runs there', line, { code: 1, stderr: 'runner.sh: no' }, null],
    [
      'rsync',
      copy,
      { code: 12, stderr: 'rsync: connection unexpectedly closed\n' },
      'gpu2 was cut off from here.',
    ],
    [
      'rsync that reads a list',
      { ...copy, input: { text: 'a\nb' } },
      { code: 30 },
      'gpu2 was cut off from here.',
    ],
    ['rsync, of files', copy, { code: 23 }, null],
    ['a push', push, hungUp, 'gpu2 was cut off from here.'],
    [
      'M9: a push that git there refuses',
      push,
      {
        code: 128,
        stderr: `fatal: detected dubious ownership in repository at '/a'\nfatal: Could not read from remote repository.\n`,
      },
      null,
    ],
    [
      'M9: a push to a machine without git',
      push,
      {
        code: 128,
        stderr: 'bash: line 1: git: command not found\nfatal: the remote end hung up unexpectedly\n',
      },
      null,
    ],
    [
      'M9: a push that is cut',
      push,
      {
        code: 128,
        stderr:
          'Timeout, server gpu2 not responding.\r\nsend-pack: unexpected disconnect while reading sideband packet\nfatal: the remote end hung up unexpectedly\n',
      },
      'gpu2 cannot be reached: Timeout, server gpu2 not responding.',
    ],
    ['git here', command('git', 'fetch'), hungUp, null],
    [
      'a program here that is called like one',
      command('sh', '-c', 'x', 'rsync ', 'ssh'),
      { code: 255 },
      null,
    ],
    [
      'T9: ssh in time',
      line,
      { kind: 'timeout', code: 124, beyond: 'within 600 s' },
      'gpu2 did not answer within 600 s.',
    ],
    [
      'T9: rsync in measure',
      copy,
      { kind: 'too-much', code: 124, beyond: 'more than 16 MiB' },
      'gpu2 sent more than 16 MiB.',
    ],
    ['T9: git here', command('git', 'fetch'), { kind: 'timeout', code: 124, beyond: 'within 60 s' }, null],
  ])('%s', (_, given, outcome, message) => {
    expect(failed(given, outcome)).toBe(message);
  });

  it('T15: a host’s words are in the message alone, and no more than a line of them', () => {
    const words = `\u001b]52;c;ZXZpbA==\u0007${'x'.repeat(100_000)}`;
    const problem = unreachable('gpu2', `first\n${words}\n`);
    expect(problem.machine).toBe('gpu2');
    expect(problem.message.length).toBeLessThan(1000);
    // As JSON it holds no character that a terminal obeys.
    expect(JSON.stringify({ [problem.machine]: problem.message })).not.toMatch(/\p{Cc}/u);
  });
});

describe('a connection', () => {
  const there = command('sh', '/queue/runner.sh', 'log', '/it\'s "a" run', '0');

  it('to here leaves a command as it is', () => {
    expect(here('laptop').reach(there)).toBe(there);
  });

  it('over SSH carries it as one line, its input and its output with it', () => {
    const gpu = to('/exp/.logistician/ssh_config');
    expect(renderCommand(gpu.reach(command('mkdir', '-p', '/a b')))).toBe(
      `ssh -F /exp/.logistician/ssh_config gpu1 -- 'mkdir -p '"'"'/a b'"'"`,
    );
    expect(renderCommand(gpu.reach(write('/a', 'text')))).toBe(
      `printf %s text | ssh -F /exp/.logistician/ssh_config gpu1 -- 'cat > /a'`,
    );
  });

  it('over SSH carries words that a shell there reads back', () => {
    const { argv } = to('/c').reach(command('printf', '%s\\0', ...hostileWords));
    expect(argv.slice(0, 5)).toEqual(['ssh', '-F', '/c', 'gpu1', '--']);
    const printed = execFileSync('sh', ['-c', String(argv[5])]).toString();
    expect(printed.split('\0').slice(0, -1)).toEqual(hostileWords);
  });

  it('over SSH carries no secret in its words', () => {
    const secret = new Secret('TOKEN', 'open sesame');
    const reached = to('/c').reach({
      ...command('sh', 'runner.sh', 'secret'),
      input: { text: secret },
    });
    expect(reached.argv.join(' ')).not.toContain('sesame');
    expect(reached.input).toEqual({ text: secret });
    expect(renderCommand(reached)).not.toContain('sesame');
  });
});
