import { describe, expect, it } from 'vitest';
import { numberIn, parseWithNaN } from '../../../src/machines/numbers-in-json.js';

describe('L17: a number that JSON does not have hides no other', () => {
  it.each<[string, unknown]>([
    ['{"accuracy": 0.91, "loss": NaN}', { accuracy: 0.91, loss: Number.NaN }],
    ['{"a":Infinity,"b":-Infinity,"c":[NaN,1]}', { a: Infinity, b: -Infinity, c: [Number.NaN, 1] }],
    [
      '{"NaN": 1, "text": "NaN, \\"Infinity\\"", "b": NaN}',
      { NaN: 1, text: 'NaN, "Infinity"', b: Number.NaN },
    ],
    ['{"a": "NaN"}', { a: 'NaN' }],
    ['NaN', Number.NaN],
  ])('%s', (text, value) => {
    expect(parseWithNaN(text)).toEqual(value);
  });

  it.each(['{"a": NaNa}', '{"a": --Infinity}', '{"a": nan}', '{"loss": NaN', 'NaN NaN'])(
    'is no JSON all the same: %s',
    (text) => {
      expect(() => parseWithNaN(text)).toThrow(SyntaxError);
    },
  );

  it.each<[string, number | null]>([
    ['0.5\n', 0.5],
    ['nan', Number.NaN],
    ['-inf\n', Number.NEGATIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-', null],
    ['', null],
    ['information', null],
    ['1.2.3', null],
  ])('a file of one number: %j', (text, value) => {
    expect(numberIn(text)).toBe(value);
  });
});
