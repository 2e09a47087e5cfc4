import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobReport } from '../../machines/job-state.js';
import { type Metrics, scrape } from '../../runs/measures/scrape.js';
import type { ExperimentRecords } from '../records.js';
import type { ConditionStatus, ExperimentStatus } from './rows.js';

/** How much of the end of a log is looked at, in bytes: it may be read every second. */
const end = 65_536;

/** Adds to what jobs have measured what "metrics" of parameters.json finds at the end of their logs, if these are on this
 * computer. */
export function withMetrics(
  status: ExperimentStatus,
  { parameters, runs, deployments }: Pick<ExperimentRecords, 'parameters' | 'runs' | 'deployments'>,
): ExperimentStatus {
  const metrics = parameters?.metrics ?? {};
  if (Object.keys(metrics).length === 0) return status;
  const logOf = (id: string) =>
    [join(deployments.jobs, id), join(runs.pathOf(id), 'data')]
      .map((folder) => join(folder, 'logs', 'docker.txt'))
      .find((path) => existsSync(path));
  const conditions = status.conditions.map((row): ConditionStatus => {
    const log = row.record && logOf(row.record.id);
    return log && row.report ? { ...row, report: measured(row.report, log, metrics) } : row;
  });
  return { ...status, conditions };
}

function measured(report: JobReport, log: string, metrics: Metrics): JobReport {
  const columns = Object.entries(scrape(log, metrics, end)?.series.columns ?? {});
  if (columns.length === 0) return report;
  const found = Object.fromEntries(columns.map(([name, { last }]) => [name, last]));
  return { ...report, measure: { ...found, ...report.measure } };
}
