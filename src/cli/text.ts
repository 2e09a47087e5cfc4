import { stripVTControlCharacters } from 'node:util';

/** A terminal's title and the like: Node strips them only where no blank is in them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const titles = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;

/** What a job printed may hold anything; here it is one line that only says something. */
export const visibleText = (text: string) =>
  stripVTControlCharacters(text.replaceAll(titles, ''))
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();

/** Arguments as they are, but for characters that a terminal would act on: those are shown as JSON has them. */
export const visibleArguments = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) =>
    JSON.stringify(character).slice(1, -1).replace('\u007f', '\\u007f'),
  );
