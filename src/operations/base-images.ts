import type { RunRecord } from '../runs/run-record.js';
import type { Engine } from '../tools/docker/engine.js';
import type { ExperimentImage } from './experiment.js';

/** The images that the Dockerfile builds on, as this engine has them now. One that it has not, a name with
 *  a build argument in it and a stage of the same file are left out. */
export async function baseImages(
  engine: Engine,
  { dockerfileText }: ExperimentImage,
): Promise<RunRecord['image']['base']> {
  const found = await Promise.all(
    baseNames(dockerfileText).map(async (name) => {
      const facts = await engine.image(name);
      return facts ? [{ name, ...facts }] : [];
    }),
  );
  return found.flat();
}

/** Names in the FROM lines of a Dockerfile. */
export function baseNames(dockerfile: string): string[] {
  const lines = [...dockerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const stages = new Set(lines.map((line) => line[2]?.toLowerCase()));
  const names = lines
    .map((line) => line[1] ?? '')
    .filter((name) => !name.includes('$') && name !== 'scratch');
  return [...new Set(names)].filter((name) => !stages.has(name.toLowerCase()));
}
