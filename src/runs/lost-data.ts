import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobReport, JobState } from '../machines/job-state.js';
import { hasEnded } from './record.js';

/** What the runner says of a job of this computer, as far as it holds: a job that has run, and whose folder is gone, is
 *  lost with its results, however it ended.
 *  @param folder the run's, in runs/ */
export function seenFrom(folder: string, report: JobReport): JobReport {
  const { state } = report;
  if (!state || !hasEnded(state) || state.started === null || existsSync(join(folder, 'data'))) return report;
  return { ...report, state: withoutResults(state) };
}

const withoutResults = (state: JobState): JobState => ({
  ...state,
  state: 'lost',
  reason: 'gone',
  times: { ...state.times, lost: state.times[state.state] ?? new Date().toISOString() },
});
