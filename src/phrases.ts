import { closest, distance } from 'fastest-levenshtein';

// What sentences to people are made of, on every floor.

/** `1 condition`, `2 conditions`. */
export const count = (number: number, thing: string): string =>
  `${number} ${thing}${number === 1 ? '' : 's'}`;

/** Names for a sentence: of many, the first few. */
export function listed(names: readonly string[], most = 20): string {
  const more = names.length > most ? `, … and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}

/** The known word that the user is likely to have meant; null: none is near enough. */
export function nearest(word: string, known: readonly string[]): string | null {
  const begun = known.filter((one) => word.length > 1 && one.startsWith(word));
  if (begun.length === 1) return begun[0] ?? null;
  if (known.length === 0) return null;
  const found = closest(word, known);
  return distance(word, found) <= Math.max(1, Math.min(3, Math.floor(word.length / 3))) ? found : null;
}
