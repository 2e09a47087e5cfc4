import { stripVTControlCharacters } from 'node:util';

/** A terminal's title and the like: Node strips them only where no blank is in them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const titles = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;

/** They are not seen, and put what stands around them into another order: a text would seem to say something else. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const visibleDirections = (text: string) =>
  text.replaceAll(directions, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);

/** What a job printed may hold anything; here it is one line that only says something. */
export const visibleText = (text: string) =>
  visibleDirections(
    stripVTControlCharacters(text.replaceAll(titles, ''))
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim(),
  );

/** Arguments as they are, but for characters that a terminal would act on: those are shown as JSON has them. */
export const visibleArguments = (text: string): string =>
  visibleDirections(
    text.replaceAll(/\p{Cc}/gu, (character) =>
      JSON.stringify(character).slice(1, -1).replace('\u007f', '\\u007f'),
    ),
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
