import { describe, expect, it } from 'vitest';
import { ownsTerminal } from '../../../src/shell/foreground.js';

describe('L40: a process in the background', () => {
  it.each([
    ['in the foreground', '71 (node) S 70 71 70 34816 71 4194304 1', true],
    ['in the background', '71 (node) S 70 71 70 34816 70 4194304 1', false],
    ['without a terminal', '71 (node) S 70 71 70 0 -1 4194304 1', true],
    ['under an odd name', '71 (a) b 9 9) S 70 71 70 34816 70 4194304 1', false],
  ])('%s', (_, stat, owns) => {
    expect(ownsTerminal(stat)).toBe(owns);
  });
});
