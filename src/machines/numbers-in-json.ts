/** Parses JSON that may contain NaN, Infinity and -Infinity, which Python writes although JSON does not have them.
 * @throws SyntaxError */
export function parseWithNaN(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    // Such a token outside of a string is replaced by a string that no program writes.
    const marked = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (found) =>
      found.startsWith('"') ? found : JSON.stringify(`${mark}${found}`),
    );
    return JSON.parse(marked, (_, value) =>
      typeof value === 'string' && marks.has(value) ? Number(value.slice(mark.length)) : value,
    );
  }
}

const mark = '\u0000';
const marks: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity'].map((name) => mark + name));

/** Levels of lists and objects in a measure. To make text of a deeper one could exhaust the stack. */
export const mostLevels = 32;

/** Whether a value has no more levels. */
export function isShallow(value: unknown, levels = mostLevels): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  for (const key in value) if (!isShallow((value as Record<string, unknown>)[key], levels - 1)) return false;
  return true;
}

/** One line of JSON in which NaN and the infinities are such tokens, as `parseWithNaN` reads them. */
export function stringifyWithNaN(value: unknown): string {
  if (!hasOddNumber(value)) return JSON.stringify(value);
  const text = JSON.stringify(value, (_, part) => (isOddNumber(part) ? `${mark}${part}` : part));
  return text.replaceAll(/"\\u0000(NaN|-?Infinity)"/g, '$1');
}

const isOddNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);

/** Whether a value holds NaN or an infinity. */
export function hasOddNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isOddNumber(value);
  for (const key in value) if (hasOddNumber((value as Record<string, unknown>)[key])) return true;
  return false;
}

/** The number in a file that contains nothing else, NaN and infinities included; null: not a number. */
export function numberIn(text: string): number | null {
  const word = text.trim();
  if (/^[+-]?(?:nan|inf(?:inity)?)$/i.test(word)) {
    if (/nan/i.test(word)) return Number.NaN;
    return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return /^[0-9.eE+-]{1,100}$/.test(word) && !Number.isNaN(Number(word)) ? Number(word) : null;
}
