const helpFlags = ['--help', '-h'];

/** `help` and `help VERB`, as other tools have them, as the flags that oclif knows. For an unknown verb, that verb
 * alone, so that the nearest one is proposed.
 * @param words the whole command line */
export function asHelpFlags(words: readonly string[], isVerb: (word: string) => boolean): string[] {
  const [first = '', ...rest] = words;
  if (first === 'help')
    return asHelpFlags([...rest.filter((word) => !helpFlags.includes(word)), '--help'], isVerb);
  const isMistyped = first !== '' && !first.startsWith('-') && !isVerb(first);
  return isMistyped ? words.filter((word) => !helpFlags.includes(word)) : [...words];
}
