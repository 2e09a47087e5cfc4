import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Objective } from '../../history/best.js';
import { Fields } from '../../history/fields.js';
import { finalStates, type RunState } from '../../machines/job-state.js';
import { DeploymentStore } from '../../runs/deployment-store.js';
import { stateLeftIn } from '../../runs/lost-data.js';
import { valueAt } from '../../runs/measures/at-step.js';
import { type Metrics, Scraper } from '../../runs/measures/scrape.js';
import { type Logs, logIn, readRows } from '../../runs/rows/read-rows.js';
import type { RunRow } from '../../runs/rows/row.js';
import { isRunId } from '../../runs/run-id.js';
import { RunStore } from '../../runs/store.js';
import { isExperimentFolder } from '../experiments-in.js';
import { NoExperiment, refuseNoFolder } from '../read-experiment.js';
import { measureSettings } from './goal.js';

/** All runs of some experiments, from their files alone: no machine is asked. */
export interface History {
  /** Oldest first; of several experiments in the order of their ids. */
  readonly rows: readonly RunRow[];
  /** null: no objective, or several experiments have different ones. */
  readonly objective: Objective | null;
  /** What is not among the rows, a sentence each. */
  readonly remarks: readonly string[];
}

/** Opens an experiment's history. @throws NoExperiment, NoSuchFolder */
export function openHistory(home: string, folder: string): History {
  refuseOthers(folder);
  return openHistories(home, [folder]);
}

export function openHistories(home: string, folders: readonly string[]): History {
  const all = folders.map((folder) => historyAt(home, resolve(folder)));
  const rows = all.flatMap((one) => one.rows);
  if (folders.length > 1) rows.sort((one, other) => (one.run < other.run ? -1 : one.run > other.run ? 1 : 0));
  const objectives = new Map(
    all.flatMap(({ objective }) => (objective ? [[objective.name, objective]] : [])),
  );
  const [only = null] = objectives.values();
  return {
    rows,
    objective: objectives.size === 1 ? only : null,
    remarks: all.flatMap(({ remarks }) => remarks),
  };
}

/** What names mean among these runs; series are read where a value at a step is asked for.
 * @param home the user's, where jobs that run have their logs. Left out: those of ended jobs are read */
export function fieldsOf(rows: readonly RunRow[], home?: string): Fields {
  const known = new Map<string, Logs>();
  return new Fields(rows, ({ home: experiment, run }, series, column, step) => {
    const store = new RunStore(experiment, true);
    const logs = known.get(experiment) ?? logsOf(home ?? null, store, measureSettings(experiment).metrics);
    known.set(experiment, logs);
    const log = { scraper: logs.scraper, path: logs.pathOf(run) };
    return valueAt(join(store.pathOf(run), 'data'), { series, column, step }, log);
  });
}

/** The logs of jobs that run on this computer are in their job folders. */
export function logsOf(home: string | null, store: RunStore, metrics: Metrics): Logs {
  const jobs = home === null ? null : new DeploymentStore(home, dirname(store.folder), true).jobs;
  const pathOf = (id: string) => {
    const ended = logIn(store.pathOf(id));
    return jobs === null || existsSync(ended) ? ended : join(jobs, id, 'logs', 'docker.txt');
  };
  return { scraper: new Scraper(metrics), pathOf };
}

function refuseOthers(folder: string): void {
  refuseNoFolder(folder);
  if (!isExperimentFolder(folder) && !existsSync(join(folder, 'runs')))
    throw new NoExperiment(folder, 'parameters.json');
}

function historyAt(home: string, folder: string): History {
  const store = new RunStore(folder);
  const { objective, metrics } = measureSettings(folder);
  const names = store.names();
  const rows = readRows(store, folder, logsOf(home, store, metrics), names.filter(isRunId).sort());
  const strangers = store.strangers(names).map((name) => join(store.folder, name));
  return {
    rows: withJobsHere(rows, home, folder),
    objective,
    remarks: strangers.map((path) => `${path} is not the folder of a run by its name, and left out.`),
  };
}

/** The receipt of a job that runs on this computer may be older than what its runner says. */
function withJobsHere(rows: readonly RunRow[], home: string, folder: string): RunRow[] {
  const isOpen = ({ state }: RunRow) => state !== 'unreadable' && !finalStates.has(state as RunState);
  if (!rows.some(isOpen)) return [...rows];
  const { jobs } = new DeploymentStore(home, folder, true);
  return rows.map((row) => {
    const now = isOpen(row) ? stateLeftIn(join(jobs, row.run), join(folder, 'runs', row.run)) : null;
    if (!now) return row;
    const { state, reason, exit_code, started, finished } = now;
    return { ...row, state, reason, exit_code, started, finished };
  });
}
