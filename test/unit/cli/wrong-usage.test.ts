import { Errors, Flags, Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { wrongUsage } from '../../../src/cli/wrong-usage.js';
import { nearest } from '../../../src/phrases.js';

const flags = {
  first: Flags.integer({ helpValue: 'N', min: 1 }),
  target: Flags.option({ options: ['local', 'aws'] as const })(),
  commit: Flags.string({ helpValue: 'COMMIT', exclusive: ['snapshot'] }),
  snapshot: Flags.boolean(),
  clone: Flags.boolean(),
  at: Flags.string({ dependsOn: ['clone'] }),
};

/** What oclif itself finds wrong, in our words. */
async function said(argv: string[], verb = 'deploy') {
  const error = await Parser.parse(argv, { flags, args: {}, strict: true }).then(
    () => null,
    (problem: Error) => problem,
  );
  return error && wrongUsage(error, { verb, argv, flags });
}

describe('a command line that could not be understood', () => {
  it('at a terminal, where the words of oclif have colours', async () => {
    const error = Object.assign(new Error('Flag \u001b[1m--commit\u001b[22m can only be specified once'), {
      oclif: { exit: 2 },
    });
    const problem = wrongUsage(error, { verb: 'deploy', argv: [], flags });
    expect(problem?.message).toBe('--commit may be given only once.');
  });

  it.each([
    [['--targt', 'aws'], 'deploy has no flag --targt. Did you mean --target?'],
    [['--xyz'], 'deploy has no flag --xyz.'],
    [['--first'], '--first needs a value: --first N.'],
    [['--first', 'x'], '--first is a whole number, not "x".'],
    [['--first', '0'], '--first is a whole number from 1 on, not "0".'],
    [['--first', '1', '--first', '2'], '--first may be given only once.'],
    [['--target', 'locl'], '--target is local or aws, not "locl". Did you mean local?'],
    [['--target'], '--target needs a value: --target local|aws.'],
    [['--commit', 'x', '--snapshot'], '--commit and --snapshot exclude each other.'],
    [['--at', 'x'], '--at needs --clone.'],
    [['one'], 'deploy takes one folder; too many: one.'],
  ])('%j', async (argv, message) => {
    const problem = await said(argv);
    expect(problem).toMatchObject({ message, exit: 2, name: 'WrongUsage' });
    expect(problem?.suggestions.at(-1)).toBe('logistician deploy --help');
  });

  it('says where the arguments of a job go', async () => {
    expect((await said(['--clone', '--lr', '0.1'], 'run'))?.suggestions[0]).toBe(
      'logistician run --clone -- --lr 0.1',
    );
    expect((await said(['two words'], 'run'))?.suggestions[0]).toBe("logistician run -- 'two words'");
  });

  it('leaves other errors alone', () => {
    const usage = { verb: 'run', argv: [], flags };
    expect(wrongUsage(new Error('Nonexistent flag: --x'), usage)).toBe(null);
    expect(wrongUsage(new Errors.ExitError(0), usage)).toBe(null);
  });
});

describe('the nearest word', () => {
  it.each([
    ['deplyo', 'deploy'],
    ['stat', 'status'],
    ['xyzzy', null],
    ['', null],
  ])('%s: %s', (word, found) => {
    expect(nearest(word, ['deploy', 'status', 'stop'])).toBe(found);
  });
});
