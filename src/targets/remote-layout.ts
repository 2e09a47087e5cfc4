import { createHash } from 'node:crypto';
import type { SweepScript } from '../machines/job-script.js';
import type { Checkout } from '../tools/git/command-line.js';
import type { Sweep } from './target.js';

// Where things are on a machine that is reached over SSH:
//
//   ROOT/source/PROJECT.git           the commits of all sweeps of a project
//   ROOT/inputs/NAME-ID               folders that no commit holds; another ID when their files have changed
//   ROOT/EXPERIMENT/queue-ID/         a deployment's queue and its runner.sh
//   ROOT/EXPERIMENT/RUN/              a job folder

/** Ours in the user's home folder. Without a dot: Docker from a snap sees no hidden folder. */
export const rootIn = (home: string): string => `${home}/logistician`;

export const jobsThere = (root: string, experiment: string): string => `${root}/${experiment}`;

export const queueThere = (root: string, experiment: string, deployment: string): string =>
  `${jobsThere(root, experiment)}/queue-${deployment}`;

export const inputThere = (root: string, name: string, ids: Readonly<Record<string, string>>): string =>
  `${root}/inputs/${name}-${(ids[name] ?? '').slice(0, 12)}`;

/** The same checkout, from the repositories there. */
export function sourceThere(root: string, projectKey: string, source: Checkout): Checkout {
  const repository = `${root}/source/${projectKey}.git`;
  const lfsIn = (place: string, lfs: string | null) => (lfs === null ? null : `${place}/lfs`);
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

/** The sweep with the paths that the machine has. */
export function sweepThere(root: string, sweep: Sweep): SweepScript {
  const source = sourceThere(root, sweep.projectKey, sweep.source);
  const inputs = Object.keys(sweep.container.inputs).map((name) => [
    name,
    inputThere(root, name, sweep.inputIds),
  ]);
  return {
    ...sweep,
    source,
    contextRepository: source.repository,
    container: { ...sweep.container, inputs: Object.fromEntries(inputs) },
  };
}
