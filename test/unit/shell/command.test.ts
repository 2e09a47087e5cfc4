import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  bindCommand,
  type Command,
  command,
  pipe,
  renderCommand,
  write,
} from '../../../src/shell/command.js';
import { Executor } from '../../../src/shell/executor.js';
import { Journal } from '../../../src/shell/journal.js';
import { Secret, Variable } from '../../../src/shell/word.js';
import { hostileWords } from '../../support/hostile-words.js';

const folder = mkdtempSync(join(tmpdir(), `it's "a" $test `));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const printAll = (...words: string[]) => command('printf', '%s\\0', ...words);
const count = command('wc', '-c');
const shout = command('tr', 'a-z', 'A-Z');

describe('a rendered command', () => {
  it.each<[string, Command, string]>([
    ['words', command('git', '-C', '/a b', 'status'), "git -C '/a b' status"],
    [
      'variables',
      { argv: ['git', 'add'], env: { INDEX: '/a b', EMPTY: '' } },
      "INDEX='/a b' EMPTY='' git add",
    ],
    ['a text', { ...count, input: { text: 'a\nb' } }, "printf %s 'a\nb' | wc -c"],
    ['a file', write('/tmp/x', 'text'), 'printf %s text | cat > /tmp/x'],
    ['a pipe', pipe(pipe(command('a'), command('b')), command('c')), 'a | b | c'],
    [
      'a secret',
      { ...command('a', new Secret('T', 's')), input: { text: new Secret('U', 's') } },
      'printf %s "$U" | a "$T"',
    ],
  ])('with %s', (_, given, line) => {
    expect(renderCommand(given)).toBe(line);
  });

  it.each<[string, Command]>([
    ['words', printAll(...hostileWords.slice(0, -1))],
    ['nothing', command('true')],
    ['variables', { ...command('sh', '-c', 'printf %s "$A$B"'), env: { A: `it's "$x"`, B: '' } }],
    ['a text', { ...shout, input: { text: '%s it\'s\n "fine" \\n' } }],
    ['an empty text', { ...count, input: { text: '' } }],
    ['a pipe of three', pipe(pipe(printAll('a b', 'c'), shout), count)],
    ['a text into a pipe', pipe({ ...shout, input: { text: 'abc' } }, count)],
    [
      'a program that reads nothing of a long text',
      { ...command('true'), input: { text: 'x'.repeat(100_000) } },
    ],
  ])('prints what the performed one prints: %s', async (_, given) => {
    const pasted = execFileSync('sh', ['-c', renderCommand(given)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const performed = await new Executor(new Journal(() => {})).change(given);
    expect(performed.stdout).toBe(pasted.toString());
  });

  it('writes the file that the performed one writes', async () => {
    const content = hostileWords.join('\n');
    await new Executor(new Journal(() => {})).change(
      write(path('one'), 'longer text than the next\n'.repeat(99)),
    );
    await new Executor(new Journal(() => {})).change(write(path('one'), content));
    execFileSync('sh', ['-c', renderCommand(write(path('two'), content))]);
    expect(readFileSync(path('one'), 'utf8')).toBe(content);
    expect(readFileSync(path('two'), 'utf8')).toBe(content);
    expect(statSync(path('one')).mode & 0o777).toBe(0o600);
  });

  it('has values in place of what the runner knows', () => {
    const line = command('mkdir', [new Variable('job'), '/data']);
    expect(renderCommand(line)).toBe('mkdir "$job"/data');
    expect(renderCommand(bindCommand(line, { job: '/a b' }))).toBe("mkdir '/a b'/data");
  });
});
