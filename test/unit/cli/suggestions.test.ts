import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { experimentAmong, suggested, textOf, typedWith } from '../../../src/cli/suggestions.js';
import { ownLine, typedAgain } from '../../../src/errors.js';
import { scratchFolder } from '../../support/repository.js';

const root = scratchFolder();
const withParameters = join(root, "it's", 'one');
const withRecords = join(root, 'two');
mkdirSync(withParameters, { recursive: true });
writeFileSync(join(withParameters, 'parameters.json'), '{}');
mkdirSync(join(withRecords, '.logistician'), { recursive: true });
afterAll(() => rmSync(root, { recursive: true }));

const here = (folder: string) => relative('', folder);

describe('a line of ours', () => {
  it('repeats what was typed, with more words before those of the job', () => {
    const typed = ['my sweep', '--hosts', 'gpu1', '--', '--lr', '1'];
    expect(typedWith('deploy', typed, typedAgain('deploy', ['--yes'], 'then'))).toBe(
      "logistician deploy 'my sweep' --hosts gpu1 --yes -- --lr 1    # then",
    );
  });

  it('names the experiment as it is reached from here, before its words, and quotes each of them', () => {
    expect(textOf(ownLine('stop', ['a b', '--grace', '1']), withRecords)).toBe(
      `logistician stop ${here(withRecords)} 'a b' --grace 1`,
    );
  });

  it('names none that is this folder, and none that was not named', () => {
    expect(textOf(ownLine('status'), '.')).toBe('logistician status');
    expect(textOf(ownLine('status'), null)).toBe('logistician status');
  });

  it('ends with what it is good for, as a comment of the shell', () => {
    expect(textOf(ownLine('deploy', [], 'tries again'), '.')).toBe('logistician deploy    # tries again');
  });
});

describe('what is suggested', () => {
  it.each([
    ['whose parameters.json is there', withParameters],
    ['that has records alone', withRecords],
  ])('is for the experiment that was given, %s', (_, folder) => {
    const [line] = suggested([ownLine('sync')], experimentAmong(['--json', folder]));
    expect(line).toBe(textOf(ownLine('sync'), folder));
    expect(line).not.toBe('logistician sync');
  });

  it('N15: names the experiment as it was typed', () => {
    expect(suggested([ownLine('stop', ['lr-1'])], 'rnn-1')).toEqual(['logistician stop rnn-1 lr-1']);
  });

  it('is each line once, and as it is where it is none of ours', () => {
    const lines = ['df -h', ownLine('deploy'), 'df -h', ownLine('deploy'), 'logistician setup'];
    expect(suggested(lines, withRecords)).toEqual([
      'df -h',
      `logistician deploy ${here(withRecords)}`,
      'logistician setup',
    ]);
  });
});
