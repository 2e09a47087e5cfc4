import { describe, expect, it } from 'vitest';
import { hanging, visibleArguments, visibleText } from '../../../src/cli/text.js';

describe('a name and what belongs to it', () => {
  it.each([
    [80, 'lr-0  --lr 0.1'],
    [14, 'lr-0  --lr 0.1'],
    [13, 'lr-0\n    --lr 0.1'],
  ])('at %i columns', (width, shown) => {
    expect(hanging('lr-0', '--lr 0.1', width)).toBe(shown);
  });

  it('breaks between words, and long words too, and hides nothing', () => {
    expect(hanging('id   ', '--alpha 1 --beta 2 --gamma 33333333333333333333', 20)).toBe(
      'id\n    --alpha 1 --beta\n    2 --gamma\n    3333333333333333\n    3333',
    );
    expect(hanging('id', '', 1)).toBe('id');
  });
});

describe('what would change the order of a text', () => {
  const marks = [
    ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
    ...['\u2066', '\u2067', '\u2068', '\u2069'],
  ];

  it.each([visibleArguments, visibleText])('is shown by its number (%o)', (show) => {
    expect(show(`--name a\u202eb`)).toBe('--name a\\u{202e}b');
    for (const mark of marks) expect(show(`a${mark}b`)).toMatch(/^a\\u\{[0-9a-f]{3,4}\}b$/);
    expect(show('שלום é 🚂')).toBe('שלום é 🚂');
  });
});
