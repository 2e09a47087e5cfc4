import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareMeasures, compareOutcomes, type Outcome } from '../../../src/operations/reproduce/compare.js';
import { scratchFolder } from '../../support/repository.js';

const none = () => false;

function outcome(
  files: Readonly<Record<string, string | Buffer>>,
  measures: Outcome['measures'] = {},
  exitCode = 0,
): Outcome {
  const results = scratchFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(results, path)), { recursive: true });
    writeFileSync(join(results, path), text);
  }
  return { results, measures, exitCode };
}

describe('a run and its repetition', () => {
  it('are the same bytes where all files are, also with measures of time', async () => {
    const was = outcome(
      { 'model.bin': Buffer.from([0, 255]), 'deep/er/x.txt': 'x' },
      { acc: 0.9, seconds: 2 },
    );
    const is = outcome(
      { 'model.bin': Buffer.from([0, 255]), 'deep/er/x.txt': 'x' },
      { acc: 0.9, seconds: 3 },
    );
    expect(await compareOutcomes(was, is, 0, none)).toEqual({
      verdict: 'same bytes',
      files: { compared: 2, different: [] },
      measures: { compared: 2, different: [{ name: 'seconds', was: 2, is: 3 }] },
      exit_codes: [0, 0],
    });
  });

  it('have the same measures where only files differ, each of which is named', async () => {
    const was = outcome({ 'a.txt': 'one', 'b.txt': 'same size', 'c.txt': 'c' }, { acc: 0.9 });
    const is = outcome({ 'b.txt': 'Same size', 'c.txt': 'c', 'd.txt': 'new' }, { acc: 0.9 });
    const { verdict, files } = await compareOutcomes(was, is, 0, none);
    expect(verdict).toBe('same measures');
    expect(files).toEqual({
      compared: 4,
      different: [
        { path: 'a.txt', how: 'missing' },
        { path: 'b.txt', how: 'differs' },
        { path: 'd.txt', how: 'new' },
      ],
    });
    const ignored = (name: string) => name !== 'c.txt';
    expect((await compareOutcomes(was, is, 0, ignored)).verdict).toBe('same bytes');
  });

  it('are different by a measure, or by how they ended', async () => {
    const [was, is] = [outcome({ a: '1' }, { acc: 0.9 }), outcome({ a: '2' }, { acc: 0.8 })];
    expect((await compareOutcomes(was, is, 0, none)).verdict).toBe('different');
    expect((await compareOutcomes(was, is, 0.2, none)).verdict).toBe('same measures');
    const failed = { ...was, exitCode: 1 };
    expect((await compareOutcomes(was, failed, 1, none)).verdict).toBe('different');
  });

  it('with nothing but an end are the same by that', async () => {
    expect((await compareOutcomes(outcome({}), outcome({}), 0, none)).verdict).toBe('same bytes');
    // A repetition that leaves nothing is not.
    expect((await compareOutcomes(outcome({ a: '1' }), outcome({}), 0, none)).verdict).toBe('different');
  });

  it('have names of any bytes, and links that count by where they point', async () => {
    const [was, is] = [outcome({}), outcome({})];
    for (const { results } of [was, is]) {
      writeFileSync(Buffer.concat([Buffer.from(`${results}/`), Buffer.from([0x66, 0xff])]), 'x');
      symlinkSync('/etc/passwd', join(results, 'link'));
    }
    expect((await compareOutcomes(was, is, 0, none)).files).toEqual({ compared: 2, different: [] });
  });

  it('compare numbers by their share, and nothing else', () => {
    const compare = (was: Outcome['measures'], is: Outcome['measures'], tolerance: number) =>
      compareMeasures(was, is, tolerance, none).different.map(({ name }) => name);
    expect(compare({ a: 100, b: 0, c: 'x', d: 1 }, { a: 101, b: 1e-9, c: 'y' }, 0.01)).toEqual([
      'b',
      'c',
      'd',
    ]);
    expect(
      compare(
        { a: Number.NaN, b: Number.POSITIVE_INFINITY },
        { a: Number.NaN, b: Number.POSITIVE_INFINITY },
        0,
      ),
    ).toEqual([]);
    expect(compare({ a: -100 }, { a: -99 }, 0.01)).toEqual([]);
  });
});
