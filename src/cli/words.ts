/** The words before the first `--`, and those after it; null: there is no `--`. */
export function splitAtDashes(words: readonly string[]): { own: string[]; job: string[] | null } {
  const dashes = words.indexOf('--');
  return dashes < 0
    ? { own: [...words], job: null }
    : { own: words.slice(0, dashes), job: words.slice(dashes + 1) };
}

/** Flags, by verb, whose value may begin with a dash: it is for another program, or says `-accuracy`. */
const texts: Readonly<Record<string, readonly string[]>> = {
  run: ['-o', '--options'],
  create: ['--command'],
  history: ['--sort'],
};

/** `-o WORD` as `--options= WORD`, so that a word that looks like a flag of ours is still taken as a value: the blank
 * hides it from oclif, and changes nothing in such a text.
 * @param words the whole command line */
export function joinTexts(words: readonly string[]): string[] {
  const [verb = '', ...rest] = words;
  const flags = Object.hasOwn(texts, verb) ? texts[verb] : undefined;
  if (!flags) return [...words];
  const long = flags.at(-1);
  const joined = [verb];
  while (rest.length > 0) {
    const word = rest.shift() ?? '';
    if (word === '--') return [...joined, word, ...rest];
    if (flags.includes(word) && rest.length > 0) joined.push(`${long}= ${rest.shift()}`);
    else joined.push(word.startsWith(`${long}=`) ? word.replace('=', '= ') : word);
  }
  return joined;
}

/** The text as it was typed, without the blank of `joinTexts`. */
export const withoutBlank = (text: string): string => text.replace(/^ /, '');
