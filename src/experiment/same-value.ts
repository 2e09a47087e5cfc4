// Pure: when two values of arguments, as they are written, are the same.

/** A number as one types it. */
export const number = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** Compares numbers by value (`1e-2` is 0.01), integers with all digits, lists by their words.
 * @param own with commas between the words of a list */
export function isSame(own: string, value: string): boolean {
  if (own === value || own === listed(value)) return true;
  if (!number.test(own) || !number.test(value)) return false;
  const areWhole = [own, value].every((one) => /^[-+]?\d+$/.test(one));
  return areWhole
    ? BigInt(own.replace('+', '')) === BigInt(value.replace('+', ''))
    : Number(own) === Number(value);
}

/** `64,32` for `[64, 32]` and for `64 32`. */
const listed = (value: string): string =>
  value
    .replace(/^\[(.*)\]$/s, '$1')
    .trim()
    .split(/\s*,\s*|\s+/)
    .join(',');
