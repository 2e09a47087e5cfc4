/** For listings without -z: a line a path, in ASCII whatever the user has set. */
export const quotedNames = ['-c', 'core.quotePath=true'] as const;

/** The bytes of a path that git has listed so: a name need not be UTF-8, nor free of line breaks. */
export function unquoteName(listed: string): Buffer {
  if (!listed.startsWith('"')) return Buffer.from(listed);
  const bytes = listed
    .slice(1, -1)
    .replaceAll(/\\([0-7]{3}|.)/g, (_, escaped: string) =>
      escaped.length === 3
        ? String.fromCharCode(Number.parseInt(escaped, 8))
        : (controls[escaped] ?? escaped),
    );
  return Buffer.from(bytes, 'latin1');
}

/** A listed path with something in front of it, quoted as before. */
export const prefixName = (prefix: string, listed: string): string =>
  listed.startsWith('"') ? `"${prefix}${listed.slice(1)}` : `${prefix}${listed}`;

const controls: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
};
