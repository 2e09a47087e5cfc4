import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completedVerbs, type KnownCommand } from '../../../src/cli/completion/model.js';
import { completionScript, shells } from '../../../src/cli/completion/scripts.js';

const commands: KnownCommand[] = [
  {
    id: 'deploy',
    summary: `Run all: it's "pinned" [to $x].`,
    args: { experiment: {} },
    flags: {
      yes: { type: 'boolean', char: 'y', description: 'do not ask' },
      only: { type: 'option', helpValue: 'ID', description: 'only this' },
      first: { type: 'option', helpValue: 'N', description: 'the first' },
      target: { type: 'option', options: ['local', 'aws'] },
      old: { type: 'boolean', hidden: true },
    },
  },
  { id: 'create', args: { path: {} }, flags: { base: { type: 'option', helpValue: 'FOLDER' } } },
  { id: 'logs', args: { words: {} } },
  { id: 'secret', hidden: true },
];

describe('what shells complete', () => {
  it('is read off the commands', () => {
    const [create, deploy, logs, ...more] = completedVerbs(commands);
    expect(more).toEqual([]);
    expect(create?.words).toEqual(['folders']);
    expect(logs?.words).toEqual(['experiments', 'conditions']);
    expect(deploy?.flags.map(({ name, char, value }) => [name, char, value])).toEqual([
      ['first', null, []],
      ['help', null, null],
      ['only', null, 'conditions'],
      ['target', null, ['local', 'aws']],
      ['yes', 'y', null],
    ]);
  });

  it('holds no character that a shell would read in a description', () => {
    expect(completedVerbs(commands)[1]?.about).toBe('Run all, its pinned (to x)');
  });
});

describe.each(shells)('the script for %s', (shell) => {
  const script = completionScript(shell, commands);
  const isThere = spawnSync(shell, ['--version']).status === 0;

  it.skipIf(!isThere)('is sound', () => {
    const { status, stderr } = spawnSync(shell, ['-n', '-c', script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('names verbs and flags, and nothing that is hidden', () => {
    for (const word of ['deploy', 'create', 'logs', 'only', 'yes', 'local']) expect(script).toContain(word);
    expect(script).not.toMatch(/secret|\bold\b/);
  });
});
