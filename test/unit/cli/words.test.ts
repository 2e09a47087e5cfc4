import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experimentAndConditions, joinOptions, splitAtDashes } from '../../../src/cli/words.js';
import { scratchFolder } from '../../support/repository.js';

describe('experimentAndConditions', () => {
  const before = process.cwd();
  let folder: string;

  beforeAll(() => {
    folder = scratchFolder();
    mkdirSync(join(folder, 'rnn-1'));
    writeFileSync(join(folder, 'rnn-1', 'parameters.json'), '{}');
    mkdirSync(join(folder, 'lr-1'));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  it.each<[string[], string, string[]]>([
    [[], '.', []],
    [['lr-0-1'], '.', ['lr-0-1']],
    [['lr-0-1', 'lr-0-2'], '.', ['lr-0-1', 'lr-0-2']],
    [['rnn-1'], 'rnn-1', []],
    [['rnn-1', 'lr'], 'rnn-1', ['lr']],
    [['.', 'lr'], '.', ['lr']],
    [['..', 'lr'], '..', ['lr']],
    [['./x', 'lr'], './x', ['lr']],
    [['experiments/x', 'lr', 'rnn-1'], 'experiments/x', ['lr', 'rnn-1']],
    // A folder that is no experiment may be called like a condition.
    [['lr-1'], '.', ['lr-1']],
  ])('%j', (words, path, conditions) => {
    expect(experimentAndConditions(words)).toEqual({ folder: path, conditions });
  });
});

describe('splitAtDashes', () => {
  it.each<[string[], string[], string[] | null]>([
    [[], [], null],
    [['a', '-o', 'x'], ['a', '-o', 'x'], null],
    [['a', '--', '-o', '--', ''], ['a'], ['-o', '--', '']],
    [['--'], [], []],
  ])('%j', (words, own, job) => {
    expect(splitAtDashes(words)).toEqual({ own, job });
  });
});

describe('joinOptions', () => {
  it.each<[string[], string[]]>([
    [['-o', '--yes'], ['--options=--yes']],
    [
      ['one', '--options', '-x', '--clone'],
      ['one', '--options=-x', '--clone'],
    ],
    [['-o', ''], ['--options=']],
    [['-o', '-o'], ['--options=-o']],
    [
      ['--options=-o', 'x'],
      ['--options=-o', 'x'],
    ],
    // oclif says what is missing.
    [['-o'], ['-o']],
  ])('%j', (words, joined) => {
    expect(joinOptions(words)).toEqual(joined);
  });
});
