import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { here, overSsh } from '../../../src/machines/connection.js';
import { command, renderCommand, write } from '../../../src/shell/command.js';
import { Secret } from '../../../src/shell/word.js';
import { SshPool } from '../../../src/tools/ssh/pool.js';
import { hostileWords } from '../../support/hostile-words.js';

const route = {
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
