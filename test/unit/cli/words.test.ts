import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experimentAndConditions } from '../../../src/cli/experiment-words.js';
import { joinTexts, splitAtDashes } from '../../../src/cli/words.js';
import { scratchFolder } from '../../support/repository.js';

describe('experimentAndConditions', () => {
  const before = process.cwd();
  let folder: string;

  beforeAll(() => {
    folder = scratchFolder();
    mkdirSync(join(folder, 'rnn-1'));
    writeFileSync(join(folder, 'rnn-1', 'parameters.json'), '{}');
    mkdirSync(join(folder, 'lr-1'));
    mkdirSync(join(folder, '.git'));
    mkdirSync(join(folder, 'experiments', 'first'), { recursive: true });
    writeFileSync(join(folder, 'experiments', 'first', 'parameters.json'), '{"experiment_name": "cnn"}');
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
    // N15: the name of an experiment of the project.
    [['cnn', 'lr'], 'cnn', ['lr']],
    [['cnn-0123456789'], '.', ['cnn-0123456789']],
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

describe('L31: a text for the job is a text in any form', () => {
  it.each<[string[], string[]]>([
    [
      ['run', '-o', '--help'],
      ['run', '--options= --help'],
    ],
    [
      ['run', 'one', '--options', '--json', '--clone'],
      ['run', 'one', '--options= --json', '--clone'],
    ],
    [
      ['run', '-o', ''],
      ['run', '--options= '],
    ],
    [
      ['run', '-o', '--', '-o', 'x'],
      ['run', '--options= --', '--options= x'],
    ],
    [
      ['run', '--options=-o', 'x'],
      ['run', '--options= -o', 'x'],
    ],
    [
      ['create', 'one', '--command', '--version'],
      ['create', 'one', '--command= --version'],
    ],
    // Behind "--" all is the job's own.
    [
      ['run', '--', '-o', '--help'],
      ['run', '--', '-o', '--help'],
    ],
    // oclif says what is missing.
    [
      ['run', '-o'],
      ['run', '-o'],
    ],
    [
      ['logs', '-o', '--help'],
      ['logs', '-o', '--help'],
    ],
    [[], []],
  ])('%j', (words, joined) => {
    expect(joinTexts(words)).toEqual(joined);
  });
});
