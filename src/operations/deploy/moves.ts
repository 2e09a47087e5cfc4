import type { DeployedJob } from '../../runs/deployment.js';
import type { Move } from './placement.js';

// Waiting jobs of an unreachable place are moved to another. If the first one becomes reachable and has started the job
// meanwhile, its copy is ended: see Target.revive.

/** The jobs of a deployment after some of them were moved. @param folderOf where a run's job folder will be */
export function withMoves(
  jobs: readonly DeployedJob[],
  moves: readonly Move[],
  folderOf: (move: Move) => string,
): readonly DeployedJob[] {
  const byRun = new Map(moves.map((move) => [move.job.run, move]));
  return jobs.map((job) => {
    const move = byRun.get(job.run);
    if (!move) return job;
    const place = move.to.place.name;
    // The place to which it returns no longer has a copy of it.
    const elsewhere = (job.moved_from ?? []).filter((left) => left.place !== place);
    const left = { place: job.place, folder: job.folder };
    return { ...job, place, folder: folderOf(move), moved_from: [...elsewhere, left] };
  });
}
