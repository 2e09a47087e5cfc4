import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  experimentsIn,
  freeFolder,
  freeName,
  isExperimentFolder,
  namesakes,
} from '../../../src/operations/experiments-in.js';
import { calledSo, findExperiment } from '../../../src/operations/find-experiment.js';
import { scratchFolder } from '../../support/repository.js';

const before = process.cwd();
let root: string;

const write = (path: string, text = '') => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const experiment = (path: string, name: string) =>
  write(`${path}/parameters.json`, JSON.stringify({ experiment_name: name }));

beforeEach(() => {
  root = scratchFolder();
  mkdirSync(join(root, '.git'));
  process.chdir(root);
  experiment('experiments/rnn-1', 'rnn-1');
});
afterEach(() => {
  process.chdir(before);
  rmSync(root, { recursive: true });
});

const found = () => experimentsIn(root).map(({ folder, name }) => [folder.slice(root.length + 1), name]);

describe('N15: an experiment is found', () => {
  it('also beside a folder whose records cannot be looked at', () => {
    mkdirSync(join(root, 'strange'));
    symlinkSync('.logistician', join(root, 'strange', '.logistician'));
    expect(found()).toEqual([['experiments/rnn-1', 'rnn-1']]);
  });

  it('by its folder, or any folder in it', () => {
    write('experiments/rnn-1/runs/20260101-000000000-a/data/x');
    const there = join(root, 'experiments/rnn-1');
    for (const given of [
      'experiments/rnn-1',
      'experiments/rnn-1/runs',
      `${there}/runs/20260101-000000000-a/data`,
    ])
      expect(findExperiment(given)).toEqual({ folder: there, isElsewhere: false });
    process.chdir(join(there, 'runs'));
    expect(findExperiment('.').folder).toBe(there);
  });

  it('as the only one of its project, from anywhere in it', () => {
    write('src/model.py');
    process.chdir(join(root, 'src'));
    expect(findExperiment('.')).toEqual({ folder: join(root, 'experiments/rnn-1'), isElsewhere: true });
    experiment('experiments/rnn-2', 'rnn-2');
    expect(findExperiment('.')).toEqual({ folder: join(root, 'src'), isElsewhere: false });
  });

  it('by its name, and by that of its folder, but not where two are called so', () => {
    experiment('experiments/first', 'cnn');
    write('src/model.py');
    process.chdir(join(root, 'src'));
    expect(findExperiment('cnn').folder).toBe(join(root, 'experiments/first'));
    expect(calledSo('first')).toBe(join(root, 'experiments/first'));
    expect(calledSo('./first')).toBe(null);
    experiment('experiments/other', 'cnn');
    expect(() => findExperiment('cnn')).toThrow('2 experiments are called cnn:\n  ../experiments/first');
    // The name in the file goes before that of a folder.
    experiment('experiments/third', 'rnn-1b');
    experiment('old/rnn-1b', 'x');
    expect(calledSo('rnn-1b')).toBe(join(root, 'experiments/third'));
  });

  it('not in another repository, in runs, behind a link, or by a file of another program', () => {
    experiment('lib/experiments/theirs', 'theirs');
    mkdirSync(join(root, 'lib/.git'));
    experiment('experiments/rnn-1/runs/x', 'kept');
    experiment('node_modules/x', 'module');
    write('config/parameters.json', '{"lr": 1}');
    symlinkSync(join(root, 'experiments'), join(root, 'links'));
    expect(found()).toEqual([['experiments/rnn-1', 'rnn-1']]);
  });

  it('where parameters.json is broken, or gone while there are records', () => {
    write('experiments/broken/parameters.json', '{');
    write('experiments/broken/Dockerfile');
    write('experiments/gone/.logistician/deployment.json');
    expect(found()).toEqual([
      ['experiments/broken', null],
      ['experiments/gone', null],
      ['experiments/rnn-1', 'rnn-1'],
    ]);
    // As a home folder has one.
    write('.logistician/config.json');
    expect(isExperimentFolder(root)).toBe(false);
  });

  it('of none outside of any repository', () => {
    rmSync(join(root, '.git'), { recursive: true });
    expect(findExperiment('.')).toEqual({ folder: root, isElsewhere: false });
    expect(findExperiment('rnn-1')).toEqual({ folder: join(root, 'rnn-1'), isElsewhere: false });
  });
});

describe('N18: a new experiment', () => {
  it('is proposed beside the others, under a name that no other has', () => {
    expect(freeFolder(root)).toBe(join(root, 'experiments/rnn-2'));
    expect(freeName(join(root, 'experiments/x'), 'rnn-1')).toBe('rnn-2');
    expect(freeName(join(root, 'experiments/x'), 'cnn')).toBe('cnn');
    rmSync(join(root, 'experiments'), { recursive: true });
    expect(freeFolder(join(root))).toMatch(/\/experiments\/[a-z0-9-]+-1$/);
  });

  it('has namesakes in its project', () => {
    experiment('experiments/copy', 'rnn-1');
    expect(namesakes(join(root, 'experiments/copy'), 'rnn-1')).toEqual([join(root, 'experiments/rnn-1')]);
    expect(namesakes(join(root, 'experiments/rnn-1'), 'cnn')).toEqual([]);
  });
});
