import type { Overview } from '../operations/look/overview.js';
import { deploymentJson } from './status-json.js';

/** The result of `list --json`. Times are ISO 8601 in UTC. */
export const listJson = (all: readonly Overview[]) => ({
  experiments: all.map(({ deployment, best, ...one }) => ({
    experiment: one.name,
    folder: one.folder,
    project: one.project,
    exists: one.exists,
    deployment: deploymentJson(deployment),
    live: one.live,
    as_last_seen: one.isOld,
    states: one.states,
    machines: one.machines,
    runs: one.runs,
    last_run: one.lastRun,
    best,
    problem: one.problem,
  })),
});
