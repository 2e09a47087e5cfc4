import { describe, expect, it } from 'vitest';
import {
  hanging,
  jsonText,
  programOutput,
  visible,
  visibleLine,
  visibleText,
} from '../../../src/cli/text.js';

it('L17: JSON has NaN and the infinities as texts', () => {
  expect(jsonText({ a: Number.NaN, b: [Number.POSITIVE_INFINITY, -1] })).toBe(
    '{"a":"NaN","b":["Infinity",-1]}',
  );
});

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

  it.each([visible, visibleLine, visibleText])('is shown by its number (%o)', (show) => {
    expect(show(`--name a\u202eb`)).toBe('--name a\\u{202e}b');
    for (const mark of marks) expect(show(`a${mark}b`)).toMatch(/^a\\u\{[0-9a-f]{3,4}\}b$/);
    expect(show('שלום é 🚂')).toBe('שלום é 🚂');
  });
});

describe('what a terminal would act on', () => {
  it.each([
    ['\u001b]52;c;eA==\u0007', '\\u001b]52;c;eA==\\u0007'],
    ['a\u009b31mb\u0085', 'a\\u009b31mb\\u0085'],
    ['\u0000\b\f\u007f', '\\u0000\\b\\f\\u007f'],
    ['\ud83d \ude82 🚂', '\\ud83d \\ude82 🚂'],
    ['a\u2028b', 'a\\u{2028}b'],
    ['one\rtwo', 'one\\rtwo'],
  ])('%j is shown as %s', (text, shown) => {
    expect([visible(text), visibleLine(text)]).toEqual([shown, shown]);
    expect(visible(shown)).toBe(shown);
  });

  it('is no line break and no tab, where there may be several lines', () => {
    expect(visible('one\r\ntwo\n\tthree')).toBe('one\ntwo\n\tthree');
    expect(visibleLine('one\r\ntwo\t')).toBe('one\\r\\ntwo\\t');
  });

  it('stands in JSON as a number', () => {
    const value = { 'a\u009b': ['\u001b]0;x\u0007', '\u202e', '\u007f', 'é\n🚂', '\\ud800'] };
    expect(jsonText(value, 2)).toMatch(/^[\n -~é🚂]+$/u);
    expect(JSON.parse(jsonText(value, 2))).toEqual(value);
  });

  it('stands in JSON as the sign for no character, where it is half of a pair, which jq refuses', () => {
    expect(jsonText({ '\udc00': ['a\ud800', '\\\ud800', '🚂', Number.NaN] })).toBe(
      '{"\ufffd":["a\ufffd","\\\\\ufffd","🚂","NaN"]}',
    );
  });

  it('of a program’s output is left out where it is a colour, and else shown', () => {
    const shown = (...pieces: string[]) => pieces.map(programOutput()).join('');
    expect(shown('\u001b[1;31mred\u001b[0m\u001b[K 1 %\r', '2 %\r', '\ndone\n')).toBe('red 1 %\n2 %\ndone\n');
    expect(shown('a\u001b', '[3', '2mb\u001b[', 'mc')).toBe('abc');
    expect(shown('\u001b]52;c;', 'x\u0007')).toBe('\\u001b]52;c;x\\u0007');
  });
});
