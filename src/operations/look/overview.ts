import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../errors.js';
import { finalStates, type RunState } from '../../machines/job-state.js';
import type { DeployedJob, Deployment } from '../../runs/deployment.js';
import { DeploymentStore } from '../../runs/deployment-store.js';
import type { RunSummary } from '../../runs/index-file.js';
import { stateLeftIn } from '../../runs/lost-data.js';
import { placesElsewhere, unreleased } from '../../runs/placement.js';
import { experimentsFolder, readFolder } from '../../runs/state-folder.js';
import { RunStore } from '../../runs/store.js';
import { experimentAt, experimentsIn, projectRoot } from '../experiments-in.js';
import { openHistories } from '../history/open-history.js';
import { type Best, bestOf } from './best.js';

// The state of experiments from files alone, without asking a machine or a program.

export interface Overview {
  /** Absolute. */
  readonly folder: string;
  /** Its repository; null: none, or gone. */
  readonly project: string | null;
  readonly name: string;
  /** The folder exists. */
  readonly exists: boolean;
  readonly deployment: Deployment | null;
  /** How many of the deployment's runs are in each state; without a deployment, of all runs. */
  readonly states: Readonly<Partial<Record<RunState, number>>>;
  /** Whether jobs of the deployment are open, as last seen. */
  readonly live: boolean;
  /** Open jobs are on other machines, and shown as last seen. */
  readonly isOld: boolean;
  /** Other computers with open jobs, and rented machines that are not terminated. */
  readonly machines: readonly { readonly name: string; readonly rented: boolean }[];
  readonly runs: number;
  /** When the newest run was created; null: none. */
  readonly lastRun: string | null;
  readonly best: Best | null;
  /** Why its records cannot be read; null: they can. */
  readonly problem: string | null;
}

/** Folders of the experiments in the project around a folder; without a project, of those below the folder. */
export const foldersHere = (folder: string): string[] =>
  experimentsIn(projectRoot(folder) ?? folder).map((experiment) => experiment.folder);

/** Folders of all experiments that were run from this computer: each has its state in the user's home. */
export function foldersKnown(home: string): string[] {
  const states = experimentsFolder(home);
  if (!existsSync(states)) return [];
  const real = new Set(readdirSync(states).map((name) => realpathSync(join(states, name))));
  return [...real].flatMap((state) => readFolder(state) ?? []).sort();
}

export function overviewOf(home: string, folder: string): Overview {
  const found = existsSync(folder) ? experimentAt(folder) : null;
  const runs = new RunStore(folder, true);
  const deployments = new DeploymentStore(home, folder, true);
  const { deployment, problem } = recordOf(deployments);
  const all = runs.summaries().found;
  const own: Known[] = deployment
    ? jobsOf(deployment, deployments, runs, all)
    : all.map((run) => ({ ...run, place: null }));
  const open = own.filter(({ state }) => !finalStates.has(state));
  const elsewhere = deployment ? placesElsewhere(deployment) : new Set<string>();
  const succeeded = new Set(own.filter(({ state }) => state === 'succeeded').map(({ id }) => id));
  return {
    folder,
    project: existsSync(folder) ? projectRoot(folder) : null,
    name: found?.name ?? deployment?.experiment ?? basename(folder),
    exists: found !== null,
    deployment,
    states: countsOf(own),
    live: deployment?.released === null && open.length > 0,
    isOld: open.some(({ place }) => place !== null && elsewhere.has(place)),
    machines: deployment?.released === null ? machinesOf(deployment, open) : [],
    runs: all.length,
    lastRun: all.at(-1)?.created ?? null,
    best: bestOf(openHistories(home, [folder]), succeeded),
    problem,
  };
}

function recordOf(deployments: DeploymentStore): Pick<Overview, 'deployment' | 'problem'> {
  try {
    return { deployment: deployments.read(), problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { deployment: null, problem: error.message };
  }
}

interface Known extends Pick<RunSummary, 'id' | 'condition' | 'state'> {
  readonly place: string | null;
}

/** The runs of a deployment; those on this computer as their runner reports them, which may be newer than the
 * receipt. */
function jobsOf(
  { jobs, places }: Deployment,
  deployments: DeploymentStore,
  runs: RunStore,
  summaries: readonly RunSummary[],
): Known[] {
  const known = new Map(summaries.map((summary) => [summary.id, summary]));
  const here = new Set(places.filter((place) => place.here).map(({ name }) => name));
  return jobs.map(({ run, condition, place }: DeployedJob): Known => {
    const recorded = known.get(run)?.state ?? 'pending';
    const isOpen = !finalStates.has(recorded) && here.has(place);
    const now = isOpen ? stateLeftIn(join(deployments.jobs, run), runs.pathOf(run))?.state : undefined;
    return { id: run, condition, place, state: now ?? recorded };
  });
}

function countsOf(runs: readonly Known[]): Overview['states'] {
  const counts: Partial<Record<RunState, number>> = {};
  for (const { state } of runs) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function machinesOf(deployment: Deployment, open: readonly Known[]): Overview['machines'] {
  const busy = new Set(open.map(({ place }) => place));
  return unreleased(deployment)
    .filter(({ name, here, rented }) => !here && (busy.has(name) || rented?.exists))
    .map(({ name, rented }) => ({ name, rented: rented !== null }));
}
