import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobReport, JobState } from '../machines/job-state.js';
import { jobStateOf } from '../machines/read-job-state.js';
import { readBounded } from './bounded-file.js';
import { hasEnded } from './record.js';

/** The runner's report of a job on this computer, corrected: a job that has run and whose folder is gone is lost,
 * however it ended; of one that is running, `dataGone` says so.
 * @param folder that of the run in runs/ */
export function seenFrom(folder: string, report: JobReport): JobReport {
  if (!report.state) return report;
  const dataGone = report.state.state === 'running' && !existsSync(join(folder, 'data'));
  return { ...report, state: asFarAsItHolds(report.state, folder), dataGone };
}

/** The state in a job folder on this computer, corrected in the same way; null: none, or unreadable.
 * @param folder that of the run in runs/ */
export function stateLeftIn(job: string, folder: string): JobState | null {
  try {
    const file = readBounded(join(job, 'state.json'));
    const state = file && jobStateOf(JSON.parse(file.bytes.toString()));
    return state && asFarAsItHolds(state, folder);
  } catch {
    return null;
  }
}

const asFarAsItHolds = (state: JobState, folder: string): JobState =>
  hasEnded(state) && state.started !== null && !existsSync(join(folder, 'data'))
    ? withoutResults(state)
    : state;

const withoutResults = (state: JobState): JobState => ({
  ...state,
  state: 'lost',
  reason: 'gone',
  times: { ...state.times, lost: state.times[state.state] ?? new Date().toISOString() },
});
