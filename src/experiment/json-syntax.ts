const TOKEN = /^(?:"(?:[^"\\]|\\.)*"|[\p{L}\p{N}_$.+-]+|.)/su;

/** The position at which a text stops being JSON, and the reason. A parser only knows where it stopped. */
export function syntaxProblem(text: string, offset: number): { offset: number; what: string } {
  const [found = ''] = text.slice(offset).match(TOKEN) ?? [];
  const isLast = text.slice(offset + found.length).trim() === '';
  if (isLast && openBrackets(text) > 0) {
    return { offset: text.trimEnd().length, what: 'The file ends too early: a closing } or ] is missing.' };
  }
  return { offset, what: reason(text.slice(0, offset).trimEnd(), found) };
}

function reason(before: string, found: string): string {
  if (brokenString(before) !== undefined) {
    return 'This string has an escape that JSON does not know: write \\\\ for a backslash.';
  }
  const last = before.at(-1) ?? '';
  if (/^[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]/u.test(found))
    return `${codeOf(found)} stands here, a blank that is no space, often copied from a page: write a space.`;
  if (/^['‘’“”„]/.test(found)) return `${found} is not JSON: quote keys and strings with ".`;
  if (found === '/' || found === '#') {
    return 'JSON has no comments: write them as a key that ends in _comment.';
  }
  if (before === '') return `${found} is not JSON: the file must start with {.`;
  if (openBrackets(before) === 0) return `${found} stands after the end of the object: remove it.`;
  if (last === ',' && /[}\]]/.test(found)) return `A comma may not stand before ${found}: remove it.`;
  if (/[{,]/.test(last) && /^[\p{L}_$]/u.test(found)) {
    return `${found} is not JSON: quote keys and strings with ", and write true, false and null in small letters.`;
  }
  if (/[:[]/.test(last)) {
    return `${found} is not JSON: expected a string in "quotes", a number, true, false, null, [ or {.`;
  }
  return `${found} was not expected here: a comma or a colon is missing before it, or it is one too many.`;
}

/** `U+00A0` */
const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** How many brackets are open at the end of a text, those in strings not counted. */
function openBrackets(text: string): number {
  const brackets = text.replace(/"(?:[^"\\]|\\.)*"/gs, '');
  return brackets.replace(/[^{[]/g, '').length - brackets.replace(/[^}\]]/g, '').length;
}

/**
 * The offset of the first string that is not closed on its line or holds a raw control character, both of
 * which JSON forbids; undefined where all strings are sound.
 */
export function brokenString(text: string): number | undefined {
  let opening: number | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (opening === undefined) {
      if (character === '"') opening = at;
    } else if (character === '"') {
      opening = undefined;
    } else if (character === '\\') {
      at++;
    } else if (character < ' ') {
      return opening;
    }
  }
  return opening;
}
