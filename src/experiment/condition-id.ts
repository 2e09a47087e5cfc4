import { createHash } from 'node:crypto';

const SLUG_LENGTH = 40;
const HASH_LENGTH = 10;

/**
 * The name of a condition: a readable slug and a hash of its arguments, `[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}`.
 * It depends on the arguments alone, never on order or index, and is safe as a folder, as a container name and as
 * a Terraform address (which takes neither a leading digit nor dots).
 */
export function conditionId(argv: readonly string[]): string {
  // JSON, because it tells ["a b"] from ["a", "b"] and half a surrogate pair from another.
  const hash = createHash('sha256').update(JSON.stringify(argv)).digest('hex').slice(0, HASH_LENGTH);
  return `${slug(argv)}-${hash}`;
}

function slug(argv: readonly string[]): string {
  if (argv.length === 0) return 'default';
  const text = dashed(argv.join(' '));
  const named = /^[a-z]/.test(text) ? text : `args-${text}`;
  return named.slice(0, SLUG_LENGTH).replace(/-$/, '');
}

/** Lower case letters and digits with single dashes between: accents go, all else is a dash. */
export const dashed = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
