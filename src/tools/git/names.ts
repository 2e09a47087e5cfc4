/** For listings without -z: one path per line, in ASCII, with any user settings. */
export const quotedNames = ['-c', 'core.quotePath=true'] as const;

/** The bytes of a path from such a listing. A name may not be UTF-8, and may contain line breaks. */
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

/** A listed path with a prefix, still quoted. */
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
