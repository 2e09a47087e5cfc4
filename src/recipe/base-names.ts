/** The images that a Dockerfile builds on: names in its FROM lines. A name with a build argument in it and a stage of the
 *  same file are left out. */
export function baseNames(dockerfile: string): string[] {
  const lines = [...dockerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const stages = new Set(lines.map((line) => line[2]?.toLowerCase()));
  const names = lines
    .map((line) => line[1] ?? '')
    .filter((name) => !name.includes('$') && name !== 'scratch');
  return [...new Set(names)].filter((name) => !stages.has(name.toLowerCase()));
}
