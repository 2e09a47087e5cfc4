import { describe, expect, it } from 'vitest';
import { beyondLimit } from '../../../src/source/untracked.js';

const files = (sizes: Readonly<Record<string, number>>) =>
  Object.entries(sizes).map(([name, size]) => ({ name, size }));

describe('what a snapshot leaves out', () => {
  const notAsked = () => {
    throw new Error('the tracked files do not matter');
  };

  it('L10: is nothing up to the limit, and a file that is beyond it alone', () => {
    expect(beyondLimit([], notAsked, 10)).toEqual([]);
    expect(beyondLimit(files({ a: 5, b: 5 }), notAsked, 10)).toEqual([]);
    expect(beyondLimit(files({ a: 5, b: 11, c: 5 }), notAsked, 10)).toEqual(['b']);
  });

  it('L10: is the largest first, by name where they are alike, folders as a whole', () => {
    expect(beyondLimit(files({ a: 4, b: 6, c: 6 }), () => [], 10)).toEqual(['b']);
    expect(beyondLimit(files({ 'a/1': 4, 'a/b/2': 4, c: 6 }), () => [], 10)).toEqual(['a/']);
    expect(beyondLimit(files({ 'a/1': 4, 'a/b/2': 4, 'a/b/3': 3 }), () => ['a/x'], 10)).toEqual(['a/b/']);
    expect(beyondLimit(files({ 'a/1': 4, 'a/b/2': 4, 'a/b/3': 3 }), () => ['a/b/x'], 10)).toEqual(['a/1']);
  });

  it('L10: has names as git quotes them', () => {
    const sizes = { '"d/\\303\\244"': 6, 'd/b': 6, '"\\t/1"': 5, '"\\t/2"': 5 };
    expect(beyondLimit(files(sizes), () => [], 10)).toEqual(['d/']);
    expect(beyondLimit(files(sizes), () => [], 9)).toEqual(['d/', '"\\t/"']);
  });
});
