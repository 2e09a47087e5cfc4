import { describe, expect, it } from 'vitest';
import { compareView } from '../../../src/cli/compare-view.js';
import { present } from '../../../src/cli/style.js';
import { widthOf } from '../../../src/cli/text.js';
import { compared } from '../../../src/history/compare.js';
import { receiptOf } from '../../support/receipts.js';
import { rowFor } from '../../support/rows.js';

const accuracies = [0.8, 0.9, 0.8, Number.NaN, undefined, 0.72, 0.88];
const all = accuracies.map((accuracy, place) => {
  const text = `--lr ${10 ** -place}`;
  const summary = { ...(accuracy !== undefined && { accuracy }), epochs: place * 5, note: `run ${place}` };
  return { id: `20261129-17060007${place}`, record: receiptOf(text), row: rowFor(text, { summary }) };
});

function shown(runs: number, width: number): string {
  const some = all.slice(0, runs);
  const comparison = compared(
    some.map(({ record }) => record),
    some.map(({ row }) => row),
  );
  const ids = some.map(({ id }) => id);
  return present(compareView(comparison, null, { ids, width, all: false }), false);
}

describe('compare', () => {
  it('shows two runs beside each other, with the difference behind them', () => {
    expect(shown(2, 80)).toBe(
      `Same commit, same image, same machine.

WENT IN  20261129-170600070  20261129-170600071
lr       1                   0.1

MEASURE   20261129-170600070  20261129-170600071  DIFFERENCE
accuracy  0.8                 0.9                 +0.1 (+12 %)
epochs    0                   5                   +5
note      run 0               run 1
`.trim(),
    );
  });

  it('shows of more runs a line each, with its difference from the first one', () => {
    expect(shown(3, 80)).toBe(
      `Same commit, same image, same machine.

WENT IN  20261129-170600070  20261129-170600071  20261129-170600072
lr       1                   0.1                 0.01

MEASURE   RUN                 VALUE  DIFFERENCE
accuracy  20261129-170600070  0.8
          20261129-170600071  0.9    +0.1 (+12 %)
          20261129-170600072  0.8    none
epochs    20261129-170600070  0
          20261129-170600071  5      +5
          20261129-170600072  10     +10
note      20261129-170600070  run 0
          20261129-170600071  run 1
          20261129-170600072  run 2
`.trim(),
    );
  });

  it('cuts nothing where many runs have no room beside each other', () => {
    const text = shown(7, 80);
    expect(text).toContain(`WENT IN  RUN                 VALUE
lr       20261129-170600070  1
         20261129-170600071  0.1
`);
    expect(text).toContain(`
          20261129-170600073  NaN    NaN
          20261129-170600074  -
          20261129-170600075  0.72   -0.08 (-10 %)
`);
    expect(text).not.toContain('…');
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80);
    // A pipe has no bound.
    expect(shown(7, Number.POSITIVE_INFINITY)).toMatch(/^lr +1 +0.1 +0.01 /m);
  });
});
