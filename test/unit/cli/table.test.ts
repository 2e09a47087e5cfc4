import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { bold, present } from '../../../src/cli/style.js';
import { type Cell, type Column, table as drawTable } from '../../../src/cli/table.js';
import { count } from '../../../src/phrases.js';

const table = (columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number) =>
  present(drawTable(columns, rows, width).text, false);

describe('table', () => {
  it('aligns columns, and leaves out those in which no row has anything', () => {
    const columns = [{ head: 'NAME' }, { head: 'EXIT' }, { head: 'LINE' }];
    const rows = [
      ['one', '', 'first'],
      ['three', '', 'second'],
    ];
    expect(table(columns, rows, 80)).toBe('NAME   LINE\none    first\nthree  second');
  });

  it('cuts what may be cut, as far as it may, before a column goes', () => {
    const columns = [
      { head: 'ID', least: 6, cut: 'middle' },
      { head: 'loss', gives: 1 },
      { head: 'LINE', gives: 2, least: 10 },
    ] as const;
    const rows = [['0123456789', '0.25', 'l'.repeat(50)]];
    expect(table(columns, rows, 50).split('\n')[1]).toBe(`0123456789  0.25  ${'l'.repeat(31)}…`);
    expect(table(columns, rows, 24).split('\n')[1]).toBe('01…789  0.25  lllllllll…');
    expect(table(columns, rows, 23).split('\n')[1]).toBe('0123456789  0.25');
    expect(drawTable(columns, rows, 23).leftOut).toEqual(['LINE']);
  });

  it('N1: never cuts a number: its column is whole, or goes', () => {
    const columns = [
      { head: 'ID', least: 4 },
      { head: 'accuracy', gives: 1 },
    ] as const;
    const rows = [['0123456789', '0.123456789']];
    for (let width = 1; width < 40; width++)
      expect(table(columns, rows, width)).toMatch(/0\.123456789$|^ID\n01/);
  });

  it('does not draw what is the same in every row, where only a difference says something', () => {
    const columns = [{ head: 'ID' }, { head: 'MACHINE', whereItDiffers: true }];
    const same = [
      ['a', 'gpu1'],
      ['b', 'gpu1'],
    ];
    expect(table(columns, same, 80)).toBe('ID\na\nb');
    expect(table(columns, [...same, ['c', 'gpu2']], 80)).toContain('MACHINE\na   gpu1');
  });

  it('colours what is left of a cell, and keeps each on its line', () => {
    const { text } = drawTable(
      [{ head: 'A', atMost: 10 }, { head: 'B' }],
      [[bold('b'.repeat(30)), 'x\ny\tz']],
      40,
    );
    expect(present(text, true).split('\n')[1]).toBe(`\u001b[1m${'b'.repeat(9)}…\u001b[22m  x\\ny\\tz`);
  });

  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'abc XYZ-_.…'), maxLength: 60 }),
    fc.string({ unit: fc.constantFrom('漢', '字', '한', '😀', 'é', 'a', ' '), maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );

  it('has no line wider than the width, with any contents', () => {
    const property = fc.property(
      fc.array(fc.record({ bound: fc.option(fc.integer({ min: 4, max: 30 })) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.array(cell, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 120 }),
      (bounds, rows, more) => {
        const columns = bounds.map(
          ({ bound }, place): Column => ({
            head: `H${place}`,
            ...(bound === null ? { gives: place, least: 4 } : { atMost: bound }),
          }),
        );
        // What has a bound has its room: a table narrower than all of those cannot be.
        const least = columns.reduce((sum, { atMost = 0 }) => sum + atMost + 2, 8);
        const width = least + more;
        const drawn = table(
          columns,
          rows.map((row) => row.slice(0, columns.length)),
          width,
        );
        for (const line of drawn.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});

describe('count', () => {
  it.each([
    [0, '0 conditions'],
    [1, '1 condition'],
    [2, '2 conditions'],
  ])('%i', (number, text) => {
    expect(count(number, 'condition')).toBe(text);
  });
});
