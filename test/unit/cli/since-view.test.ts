import { describe, expect, it } from 'vitest';
import { sinceLines } from '../../../src/cli/since-view.js';
import { conditionFromText } from '../../../src/experiment/condition.js';
import type { Since } from '../../../src/operations/deploy/since.js';

const conditions = (count: number) =>
  Array.from({ length: count }, (_, index) => conditionFromText(`--lr ${index}`));

const one: Since = {
  commit: '7aa06b9eeb'.padEnd(40, '0'),
  conditions: conditions(34),
  files: ['NOTES.md'],
  settings: [],
  run: '20261120-120000000-lr-1-0123456789',
};

const lines = (changes: Partial<Since>, code: readonly string[] | null = null, path = 'experiments/one') =>
  sinceLines([{ ...one, ...changes }], { folder: process.cwd(), path, parameters: { code } }, 200);

const atCommit = '    logistician deploy --commit 7aa06b9eeb    # keeps them';
const inFile = (code: string) => `    "code": ${code}    # in parameters.json: keeps them too`;

describe('L16: why conditions run again that have succeeded', () => {
  it('names what changed, and the lines that keep them', () => {
    expect(lines({})).toEqual([
      'again       34 succeeded at 7aa06b9eeb; since then NOTES.md changed',
      atCommit,
      inFile('[".", ":!NOTES.md"]'),
    ]);
    expect(lines({ files: ['docs/a b.md', 'x.py'] })).toEqual([
      'again       34 succeeded at 7aa06b9eeb; since then docs/a b.md and x.py changed',
      atCommit,
      inFile('[".", ":!docs/a b.md", ":!x.py"]'),
    ]);
  });

  it.each<[string, Partial<Since>, readonly string[] | null, string?]>([
    ['many files', { files: ['a', 'b', 'c', 'd', 'e'] }, null],
    ['code that is named', { files: ['src/a'] }, ['src']],
    ['the Dockerfile', { files: ['experiments/one/Dockerfile'] }, null],
    ['the Dockerfile of the root', { files: ['Dockerfile'] }, null, ''],
    ['a name with characters of patterns', { files: ['a[1].py'] }, null],
    ['a name that is not UTF-8', { files: ['caf\ufffd'] }, null],
  ])('proposes no value of "code" for %s', (_, changes, code, path) => {
    expect(lines(changes, code, path).slice(1)).toEqual([atCommit]);
  });

  it('is short where much has changed, and on one line with any name', () => {
    expect(lines({ files: ['a', 'b', 'c', 'd', 'e'] })[0]).toBe(
      'again       34 succeeded at 7aa06b9eeb; since then a, b, c and 2 more files changed',
    );
    const settings = ['experiment_command', 'inputs.mnist', 'environment.A', 'environment.B'];
    expect(lines({ files: [], settings })[0]).toBe(
      'again       34 succeeded at 7aa06b9eeb; since then experiment_command, inputs.mnist, environment.A and other settings changed',
    );
    expect(lines({ files: ['a\nb\u001b[1m'] })[0]).toContain('a\\nb\\u001b[1m');
  });

  it('fits a narrow terminal, and what is to be pasted is whole', () => {
    const narrow = sinceLines([one], { folder: process.cwd(), path: '', parameters: { code: null } }, 48);
    expect(narrow).toEqual([
      'again       34 succeeded at 7aa06b9eeb; since\n  then NOTES.md changed',
      '    logistician deploy --commit 7aa06b9eeb\n        # keeps them',
      '    "code": [".", ":!NOTES.md"]\n        # in parameters.json: keeps them too',
    ]);
  });

  it('says where the code of a success is not here', () => {
    expect(lines({ files: null })).toEqual([
      'again       34 succeeded at 7aa06b9eeb; since then the code (that commit is not in this repository) changed',
    ]);
  });

  it('names three commits, and how many are left', () => {
    const many = Array.from({ length: 5 }, (_, index) => ({
      ...one,
      conditions: conditions(10 - index),
      files: null,
    }));
    const shown = sinceLines(many, { folder: '/e', path: '', parameters: { code: null } }, 80);
    expect(shown).toHaveLength(4);
    expect(shown.at(-1)).toBe('            … and 13 more, at other commits or with other settings');
  });
});
