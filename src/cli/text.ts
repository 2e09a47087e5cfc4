import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { hasOddNumber } from '../machines/numbers-in-json.js';

/** OSC sequences, such as a terminal's title: Node strips them only if they contain no blank. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const titles = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;

/** Characters that control a terminal, invisible ones that reorder the text around them (so that it would seem to say
 * something else), and lone surrogates. */
const unfit = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A fast path: most texts match, and need no further work. */
const plainAscii = /^[ -~]*$/;

/** Columns of a terminal that the text takes. */
export const widthOf = (text: string): number => (plainAscii.test(text) ? text.length : stringWidth(text));

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  if (code > 0xff && code < 0xd800) return `\\u{${code.toString(16)}}`;
  return code < 0x7f || code > 0xff
    ? JSON.stringify(character).slice(1, -1)
    : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** The text with characters that control a terminal escaped as in JSON; line breaks and tabs stay. */
export const visible = (text: string): string =>
  plainAscii.test(text)
    ? text
    : text
        .replaceAll('\r\n', '\n')
        .replaceAll(unfit, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));

/** The same on one line. */
export const visibleLine = (text: string): string =>
  plainAscii.test(text) ? text : text.replaceAll(unfit, escaped);

/** The last output of a job, which may contain any bytes, as one harmless line. */
export const visibleText = (text: string): string =>
  visible(
    stripVTControlCharacters(text.replaceAll(titles, ''))
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim(),
  );

/** The output of another program, piece by piece, without its colours; a line that it overwrites becomes a line of its
 * own. */
export function programOutput(): (piece: string) => string {
  let rest = '';
  return (piece) => {
    const all = rest + piece;
    // The end may be an incomplete line break or colour.
    rest = unfinished.exec(all)?.[0] ?? '';
    const whole = all.slice(0, all.length - rest.length);
    return visible(whole.replaceAll(colours, '').replaceAll(/\r+\n?/g, '\n'));
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const colours = /\u001b\[[\d;]*[mK]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unfinished = /(?:\r+|\u001b(?:\[[\d;]{0,20})?)$/;

/** JSON without characters that control a terminal: they are escaped as \u numbers. NaN and the infinities, which JSON
 * does not have, are strings. */
export const jsonText = (value: unknown, indent?: number): string =>
  hasOddNumber(value)
    ? fitJson(
        JSON.stringify(value, (_, part) => (isOdd(part) ? String(part) : part), indent),
        indent,
      )
    : plainJsonText(value, indent);

/** The same of a value that has neither, which are most: a replacer, and to look for them, takes longer than all else. */
export const plainJsonText = (value: unknown, indent?: number): string =>
  fitJson(JSON.stringify(value, undefined, indent), indent);

function fitJson(text: string, indent?: number): string {
  // Half of a pair is written as its number, which jq and others refuse with all that is around it.
  if (text.includes('\\ud') && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(text))
    return plainJsonText(withWholePairs(JSON.parse(text)), indent);
  if (/^[\n -~]*$/.test(text)) return text;
  return text.replaceAll(unfit, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function withWholePairs(value: unknown): unknown {
  if (typeof value === 'string') return wholePairs(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withWholePairs);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [wholePairs(key), withWholePairs(inner)]),
  );
}

/** With the sign for a character that is none. */
const wholePairs = (text: string): string => text.replaceAll(/\p{Cs}/gu, '\ufffd');

const isOdd = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);

/** A name and its text in one line; if that is wider than `width`, the text goes below the name in lines broken between
 * words. */
export function hanging(name: string, text: string, width: number): string {
  const line = `${name}  ${text}`.trimEnd();
  if (line.length <= width) return line;
  const room = Math.max(10, width - indent.length);
  const lines = text.match(new RegExp(`.{1,${room}}(?:\\s+|$)|.{1,${room}}`, 'gu')) ?? [];
  return [name.trimEnd(), ...lines.map((part) => `${indent}${part.trimEnd()}`)].join('\n');
}

const indent = '    ';
