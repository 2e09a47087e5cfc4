import { describe, expect, it } from 'vitest';
import { hanging } from '../../../src/cli/text.js';

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
