import { createHash } from 'node:crypto';
import type { Recipe } from '../../recipe/recipe.js';
import type { Layout } from '../../recipe/scripts.js';
import type { Checkout } from '../../tools/git/check-out.js';
import type { Bundle } from '../target.js';

// The folders on a machine over SSH:
//
//   ROOT/source/PROJECT.git           the commits of all sweeps of a project
//   ROOT/inputs/NAME-ID               folders that no commit holds; another ID when their files have changed
//   ROOT/EXPERIMENT/queue-ID/         a deployment's queue and its runner.sh
//   ROOT/EXPERIMENT/RUN/              a job folder

/** Our folder in the user's home. Its name has no dot: Docker from a snap cannot see hidden folders. */
export const rootIn = (home: string): string => `${home}/logistician`;

/** A deployment's own folders on a machine. */
export const foldersAt = (root: string, experiment: string, deployment: string) => ({
  jobs: `${root}/${experiment}`,
  queue: `${root}/${experiment}/queue-${deployment}`,
  job: (run: string) => `${root}/${experiment}/${run}`,
});

/** The folder of an input: named by its contents if they are known, so that files that were only touched are not sent
 * again. */
export const inputAt = (
  root: string,
  name: string,
  { id, hash }: Pick<Recipe['inputs'][string], 'id' | 'hash'>,
): string => `${root}/inputs/${name}-${(hash ?? id ?? '').slice(0, 12)}`;

/** The same checkout, from the repositories on the machine. */
export function sourceAt(root: string, projectKey: string, source: Checkout): Checkout {
  const repository = `${root}/source/${projectKey}.git`;
  const lfsIn = (folder: string, lfs: string | null) => (lfs === null ? null : `${folder}/lfs`);
  return {
    ...source,
    repository,
    lfs: lfsIn(repository, source.lfs),
    submodules: source.submodules.map((one) => {
      const hash = createHash('sha256').update(one.path).digest('hex').slice(0, 10);
      const own = `${root}/source/${projectKey}+${hash}.git`;
      return { ...one, repository: own, lfs: lfsIn(own, one.lfs) };
    }),
  };
}

/** The folders of a run on the machine. */
export function layoutAt(
  { root, docker, rootless }: { readonly root: string; readonly docker: string; readonly rootless: boolean },
  deployment: string,
  { inputs }: Recipe,
  { source, projectKey, transport }: Pick<Bundle, 'source' | 'projectKey' | 'transport'>,
): Layout {
  const checkout = sourceAt(root, projectKey, source);
  return {
    docker,
    rootless,
    imageIsBrought: transport === 'ssh',
    checkout,
    repository: checkout.repository,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [name, inputAt(root, name, input)]),
    ),
    deployment,
  };
}
