import { UserError } from '../../src/errors.js';
import type { JobReport } from '../../src/machines/job-state.js';
import type { ConditionStatus, Silence } from '../../src/operations/look/rows.js';
import type { DeployedJob, Deployment, Place } from '../../src/runs/deployment.js';
import type { RunRecord } from '../../src/runs/record.js';
import type { CollectedJob, Offer } from '../../src/targets/target.js';
import { receiptOf } from './receipts.js';

// Deployments for tests of what is pure: each condition is named after its run, `a` for `run-a`.

/** A machine of a person's own with one slot, but for the changes. */
export const placeOf = (name: string, changes: Partial<Place> = {}): Place => ({
  name,
  here: false,
  slots: ['-'],
  rented: null,
  own: null,
  released: null,
  ...changes,
});

/** One that is rented and exists. */
export const rentedOf = (name: string, changes: Partial<Place> = {}): Place =>
  placeOf(name, { rented: { exists: true }, ...changes });

export const jobOf = (condition: string, place: string, changes: Partial<DeployedJob> = {}): DeployedJob => ({
  run: `run-${condition}`,
  condition,
  place,
  folder: `/home/ada/logistician/e1/run-${condition}`,
  ...changes,
});

export const deploymentOf = (
  places: readonly Place[],
  jobs: readonly DeployedJob[],
  changes: Partial<Deployment> = {},
): Deployment => ({
  schema: 2,
  id: 'd-1',
  experiment: 'e1',
  experiment_path: 'experiments/one',
  target: 'hosts',
  commit: 'c'.repeat(40),
  source_id: 's'.repeat(64),
  created: '2026-11-20T12:00:00Z',
  released: null,
  places,
  docker: 'docker',
  parameters_file: '{}',
  jobs,
  ...changes,
});

/** The receipt of a job's run. */
export const recordFor = (condition: string, changes: Partial<RunRecord> = {}): RunRecord =>
  receiptOf('', { id: `run-${condition}`, condition, deployment: 'd-1', ...changes });

export const pending = { state: 'pending', exit_code: null, started: null, finished: null } as const;
export const running = { state: 'running', exit_code: null, finished: null } as const;

export const reportOf = (condition: string, changes: Partial<JobReport> = {}): JobReport => ({
  folder: `/home/ada/logistician/e1/run-${condition}`,
  state: null,
  orphan: false,
  full: false,
  lastLine: '',
  measure: null,
  summary: null,
  ...changes,
});

/** A row of a job's condition. */
export const rowOf = (
  condition: string,
  record: Partial<RunRecord> | null,
  changes: Partial<ConditionStatus> = {},
): ConditionStatus => ({
  condition,
  given: null,
  record: record && recordFor(condition, record),
  report: null,
  deployed: true,
  inFile: true,
  silent: null,
  held: null,
  ...changes,
});

export const silenceOf = (place: string, since: Date): Silence => ({
  place,
  since,
  problem: new UserError(`${place} does not answer`),
  canStart: false,
});

/** @param slots how many; null: a scheduler shares it out. @param only the one condition that it is for */
export const offerOf = (name: string, slots: number | null = 1, only: string | null = null): Offer => ({
  place: placeOf(name, { slots: slots === null ? null : Array<string>(slots).fill('-') }),
  facts: {
    name,
    user: { id: 1000, group: 1000, name: 'ada' },
    engine: {} as Offer['facts']['engine'],
    gpus: [],
  },
  only,
  text: null,
});

export const collectedOf = (job: DeployedJob, changes: Partial<CollectedJob> = {}): CollectedJob => ({
  ...job,
  whole: true,
  began: true,
  ...changes,
});
