import { createHash } from 'node:crypto';
import type { Recipe } from '../../recipe/recipe.js';
import type { Layout } from '../../recipe/scripts.js';
import type { Checkout } from '../../tools/git/lines.js';

// Where things are on a machine that is reached over SSH:
//
//   ROOT/source/PROJECT.git           the commits of all sweeps of a project
//   ROOT/inputs/NAME-ID               folders that no commit holds; another ID when their files have changed
//   ROOT/EXPERIMENT/queue-ID/         a deployment's queue and its runner.sh
//   ROOT/EXPERIMENT/RUN/              a job folder

/** Ours in the user's home folder. Without a dot: Docker from a snap sees no hidden folder. */
export const rootIn = (home: string): string => `${home}/logistician`;

/** A deployment's own folders on a machine. */
export const foldersAt = (root: string, experiment: string, deployment: string) => ({
  jobs: `${root}/${experiment}`,
  queue: `${root}/${experiment}/queue-${deployment}`,
  job: (run: string) => `${root}/${experiment}/${run}`,
});

export const inputAt = (root: string, name: string, id: string | null): string =>
  `${root}/inputs/${name}-${(id ?? '').slice(0, 12)}`;

/** The same checkout, from the repositories there. */
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

/** Where a run finds its things there. */
export function layoutAt(
  { root, docker }: { readonly root: string; readonly docker: string },
  deployment: string,
  { inputs }: Recipe,
  { source, projectKey }: { readonly source: Checkout; readonly projectKey: string },
): Layout {
  const checkout = sourceAt(root, projectKey, source);
  return {
    docker,
    checkout,
    repository: checkout.repository,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, { id }]) => [name, inputAt(root, name, id)]),
    ),
    deployment,
  };
}
