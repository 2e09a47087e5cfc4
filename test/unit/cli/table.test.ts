import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { bold, present } from '../../../src/cli/style.js';
import { type Cell, type Column, table as drawTable } from '../../../src/cli/table.js';
import { count } from '../../../src/phrases.js';

const table = (columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number) =>
  present(drawTable(columns, rows, width), false);

describe('table', () => {
  it('aligns columns, and leaves out those in which no row has anything', () => {
    const columns = [{ head: 'NAME' }, { head: 'EXIT' }, { head: 'LINE' }];
    const rows = [
      ['one', '', 'first'],
      ['three', '', 'second'],
    ];
    expect(table(columns, rows, 80)).toBe('NAME   LINE\none    first\nthree  second');
  });

  it('shortens the last column without a bound first, and leaves out what has no room', () => {
    const columns = [{ head: 'ID', atMost: 10 }, { head: 'MEASURE' }, { head: 'LINE' }];
    const rows = [['0123456789', 'm'.repeat(20), 'l'.repeat(50)]];
    expect(table(columns, rows, 50).split('\n')[1]).toBe(`0123456789  ${'m'.repeat(20)}  ${'l'.repeat(15)}…`);
    expect(table(columns, rows, 40)).not.toContain('LINE');
  });

  it('keeps what stays where it is narrow, the first column made narrower', () => {
    const columns = [
      { head: 'ID', atMost: 36, stays: true },
      { head: 'STATE', stays: true },
      { head: 'AGE', atMost: 7 },
    ];
    const rows = [['hidden-2-lr-0-1-75a33fe051', 'succeeded', '19s']];
    expect(table(columns, rows, 42).split('\n')[1]).toBe('hidden-2-lr-0-1-75a33fe051  succeeded  19s');
    expect(table(columns, rows, 40).split('\n')[1]).toBe('hidden-2-lr-0-1-75a33fe051  succeeded');
    expect(table(columns, rows, 25).split('\n')[1]).toBe('hidden-2-lr-0…  succeeded');
  });

  it('colours what is left of a cell, and keeps each on its line', () => {
    const drawn = drawTable(
      [{ head: 'A', atMost: 10 }, { head: 'B' }],
      [[bold('b'.repeat(30)), 'x\ny\tz']],
      40,
    );
    expect(present(drawn, true).split('\n')[1]).toBe(`\u001b[1m${'b'.repeat(9)}…\u001b[22m  x\\ny\\tz`);
  });

  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'abc XYZ-_.…'), maxLength: 60 }),
    fc.string({ unit: fc.constantFrom('漢', '字', '한', '😀', 'é', 'a', ' '), maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );

  it('has no line wider than the width, whatever is in it', () => {
    const property = fc.property(
      fc.array(fc.record({ bound: fc.option(fc.integer({ min: 4, max: 30 })) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.array(cell, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 120 }),
      (bounds, rows, more) => {
        const columns = bounds.map(({ bound }, place) => ({
          head: `H${place}`,
          ...(bound !== null && { atMost: bound }),
        }));
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
