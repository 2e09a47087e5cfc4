/** The images that a Dockerfile builds on or copies from: names in its FROM lines and in `COPY --from`, with the values
 * that its ARG lines give. Names that are unknown before the build, and stages of the same file, are left out. */
export function baseNames(dockerfile: string): string[] {
  const text = dockerfile.replaceAll(/\\[ \t]*\n/g, ' ');
  const [head = ''] = text.split(/^\s*FROM\s/im);
  const values = new Map(
    [...head.matchAll(/^\s*ARG\s+(\w+)=(?:"([^"]*)"|'([^']*)'|(\S*))/gim)].map(
      ([, name = '', ...given]): [string, string] => [name, given.find((one) => one !== undefined) ?? ''],
    ),
  );
  const from = [...text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const stages = new Set(from.map((line) => line[2]?.toLowerCase()));
  const copied = [...text.matchAll(/^\s*(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)/gim)];
  const names = [...from, ...copied]
    .map((line) => withValues(line[1] ?? '', values))
    .filter((name) => !name.includes('$') && name !== 'scratch' && !/^\d*$/.test(name));
  return [...new Set(names)].filter((name) => !stages.has(name.toLowerCase()));
}

/** `$NAME`, `${NAME}` and `${NAME:-default}` expanded without `--build-arg`, which is never used. */
const withValues = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replaceAll(
    /\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})/g,
    (whole, plain?: string, braced?: string, otherwise?: string) =>
      values.get(plain ?? braced ?? '') || (otherwise ?? whole),
  );
