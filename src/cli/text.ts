import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/** A terminal's title and the like: Node strips them only where no blank is in them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const titles = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;

/** What a terminal acts on: controls, and characters that are not seen and put what stands around them into another
 *  order, so that a text would seem to say something else. Half a surrogate pair is no character. */
const unfit = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Most texts are: to tell it takes a fraction of what follows for all others. */
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

/** The text with what a terminal would act on made visible, as JSON has it; line breaks and tabs stay. */
export const visible = (text: string): string =>
  plainAscii.test(text)
    ? text
    : text
        .replaceAll('\r\n', '\n')
        .replaceAll(unfit, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));

/** The same on one line. */
export const visibleLine = (text: string): string =>
  plainAscii.test(text) ? text : text.replaceAll(unfit, escaped);

/** What a job printed last may hold anything; here it is one line that only says something. */
export const visibleText = (text: string): string =>
  visible(
    stripVTControlCharacters(text.replaceAll(titles, ''))
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim(),
  );

/** What another program prints on its way, a piece at a time: its colours are left out, and what it writes over a line
 *  of its own is a line. */
export function programOutput(): (piece: string) => string {
  let rest = '';
  return (piece) => {
    const all = rest + piece;
    // The end may be the beginning of a line break or of a colour.
    rest = unfinished.exec(all)?.[0] ?? '';
    const whole = all.slice(0, all.length - rest.length);
    return visible(whole.replaceAll(colours, '').replaceAll(/\r+\n?/g, '\n'));
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const colours = /\u001b\[[\d;]*[mK]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unfinished = /(?:\r+|\u001b(?:\[[\d;]{0,20})?)$/;

/** JSON whose every character a terminal shows: as JSON may have it, what it would act on is written as a number. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replaceAll(unfit, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A name and what belongs to it in one line; where that is wider than `width`, in lines of their own under the name,
 *  broken between words, so that none of it is hidden. */
export function hanging(name: string, text: string, width: number): string {
  const line = `${name}  ${text}`.trimEnd();
  if (line.length <= width) return line;
  const room = Math.max(10, width - indent.length);
  const lines = text.match(new RegExp(`.{1,${room}}(?:\\s+|$)|.{1,${room}}`, 'gu')) ?? [];
  return [name.trimEnd(), ...lines.map((part) => `${indent}${part.trimEnd()}`)].join('\n');
}

const indent = '    ';
