import type { JobState } from '../../src/machines/job-state.js';

/** What a runner says of the job of a condition that is running. */
export const stateFor = (condition: string, changes: Partial<JobState> = {}): JobState => ({
  run: `run-${condition}`,
  state: 'running',
  reason: null,
  exit_code: null,
  slot: '1',
  gpus: null,
  container: 'c',
  image: null,
  machine: 'node-7',
  boot: '1',
  started: null,
  finished: null,
  kept: null,
  times: {},
  ...changes,
});
