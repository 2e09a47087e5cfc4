import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WholeLines } from '../../../src/cli/whole-lines.js';

function written(chunks: readonly (readonly [string, Buffer])[]): Buffer {
  const out: Buffer[] = [];
  const lines = new WholeLines((source, line) => out.push(Buffer.from(`${source} | `), line));
  for (const [source, chunk] of chunks) lines.receive(source, chunk);
  lines.end();
  return Buffer.concat(out);
}

/** The bytes in pieces, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

describe('WholeLines', () => {
  it('puts the source before each line, those of several never mixed', () => {
    const chunks = [
      ['a', Buffer.from('one\ntw')],
      ['b', Buffer.from('uno\n')],
      ['a', Buffer.from('o\n\nend')],
    ] as const;
    expect(written(chunks).toString()).toBe('a | one\nb | uno\na | two\na | \na | end\n');
  });

  it('does not wait for the end of a line that has none', () => {
    const out: number[] = [];
    const lines = new WholeLines((_, line) => out.push(line.length));
    for (let piece = 0; piece < 64; piece++) lines.receive('a', Buffer.alloc(65_536, 'x'));
    lines.end();
    expect(Math.max(...out)).toBeLessThan(1_100_000);
    expect(out.reduce((sum, length) => sum + length)).toBe(64 * 65_536 + out.length);
  });

  it('says the same however the output comes in pieces, and keeps every byte', () => {
    const bytes = fc
      .array(fc.oneof(fc.constant(0x0a), fc.integer({ min: 0, max: 255 })), { maxLength: 60 })
      .map((values) => Buffer.from(values));
    const property = fc.property(bytes, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
      const whole = written([['a', text]]);
      const pieces = written(cut(text, places).map((piece) => ['a', piece] as const));
      expect(pieces.equals(whole)).toBe(true);
      const lines = text.toString('latin1').replace(/\n$/, '').split('\n');
      const expected = text.length === 0 ? '' : lines.map((line) => `a | ${line}\n`).join('');
      expect(whole.toString('latin1')).toBe(expected);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
