import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cutAtEnd, cutInTheMiddle, filled, foldedCommand, foldedComment } from '../../../src/cli/fold.js';
import { joinWords } from '../../../src/experiment/words.js';

describe('cutAtEnd and cutInTheMiddle', () => {
  it('show that something is left out, and where', () => {
    expect(cutAtEnd('lr-0-1-seed-1', 8)).toBe('lr-0-1-…');
    expect(cutInTheMiddle('lr-0-1-seed-1-3fa9c2d1e0', 11)).toBe('lr-0-…2d1e0');
    expect(cutInTheMiddle('git -C /project add --all', 15, 0.2)).toBe('gi…ct add --all');
    expect(cutInTheMiddle('short', 5)).toBe('short');
  });

  it('are never wider than asked, for any text', () => {
    const text = fc.string({ unit: fc.constantFrom('漢', '😀', 'é', 'a', ' '), maxLength: 40 });
    const property = fc.property(text, fc.integer({ min: 1, max: 60 }), (text, width) => {
      expect(stringWidth(cutAtEnd(text, width))).toBeLessThanOrEqual(width);
      expect(stringWidth(cutInTheMiddle(text, width))).toBeLessThanOrEqual(width);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe('filled', () => {
  it('breaks between words, and indents what is broken off', () => {
    expect(filled('No condition of the last deployment is there.', 20)).toBe(
      'No condition of the\n  last deployment is\n  there.',
    );
    expect(filled('one\n  two three four', 10)).toBe('one\n  two\n    three\n    four');
    expect(filled('as it is', Number.POSITIVE_INFINITY)).toBe('as it is');
  });

  it('leaves a word whole that is wider than a line', () => {
    expect(filled('see /a/very/long/path/indeed now', 10)).toBe('see\n  /a/very/long/path/indeed\n  now');
  });
});

describe('foldedCommand', () => {
  it('goes on in lines that a shell takes as one', () => {
    expect(foldedCommand("$ git add 'a b' --all -- .", 16)).toBe(
      "$ git add \\\n    'a b' \\\n    --all -- .",
    );
  });

  it('has a comment below the command, where no shell takes it for one', () => {
    expect(foldedCommand('  deploy --snapshot    # runs the tree as it is', 24)).toBe(
      '  deploy --snapshot\n      # runs the tree as\n      # it is',
    );
    expect(foldedCommand("  run '# a  # b' c#d", 12)).toBe("  run \\\n      '# a  # b' \\\n      c#d");
  });

  it('is the same command to a shell, for any words', () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom(...`ab \\"'$#-`), maxLength: 12 }), {
      maxLength: 12,
    });
    const property = fc.property(words, fc.integer({ min: 8, max: 60 }), (words, width) => {
      const line = joinWords(['printf', '%s\\0', ...words, 'end']);
      const said = (text: string) => execFileSync('sh', ['-c', text], { encoding: 'utf8' });
      expect(said(foldedCommand(line, width))).toBe(said(line));
      expect(said(foldedCommand(`${line}    # as it was; exit 1`, width))).toBe(said(line));
    });
    fc.assert(property, { numRuns: 50 });
  });

  it('leaves comments what they are', () => {
    expect(foldedComment('# docker run --rm x', 14)).toBe('# docker run\n#     --rm x');
  });
});
