import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobReport } from '../../machines/job-state.js';
import { Scraper } from '../../runs/measures/scrape.js';
import type { ExperimentRecords } from '../records.js';
import type { ConditionStatus, ExperimentStatus } from './rows.js';

/** How much of the end of a log is looked at, in bytes, also every second: of one, and of all together. */
const most = { one: 32_768, all: 2 * 2 ** 20 };
const least = 2_048;

/** How much of the end of each job's log is looked at, in bytes; 0: there are no "metrics". The same of every log,
 * wherever it is. */
export const logEnd = ({ parameters }: Pick<ExperimentRecords, 'parameters'>, jobs: number): number =>
  Object.keys(parameters?.metrics ?? {}).length === 0
    ? 0
    : Math.max(least, Math.min(most.one, Math.floor(most.all / Math.max(1, jobs))));

/** Adds to what jobs have measured what "metrics" of parameters.json finds at the end of their logs: of those on this
 * computer in the file, of others in what their machine has reported. */
export function withMetrics(
  status: ExperimentStatus,
  records: Pick<ExperimentRecords, 'parameters' | 'runs' | 'deployments'>,
): ExperimentStatus {
  const end = logEnd(records, status.deployment?.jobs.length ?? status.conditions.length);
  if (end === 0) return status;
  const { parameters, runs, deployments } = records;
  const scraper = new Scraper(parameters?.metrics ?? {});
  const logOf = (id: string) =>
    [join(deployments.jobs, id), join(runs.pathOf(id), 'data')]
      .map((folder) => join(folder, 'logs', 'docker.txt'))
      .find((path) => existsSync(path));
  const scraped = (run: string, { output }: JobReport) => {
    if (output) return scraper.end(output);
    const log = logOf(run);
    return log === undefined ? null : scraper.log(log, end);
  };
  const conditions = status.conditions.map(
    (row): ConditionStatus =>
      row.record && row.report
        ? { ...row, report: measured(row.report, scraped(row.record.id, row.report)) }
        : row,
  );
  return { ...status, conditions };
}

/** Without the output, which is not needed any more. */
function measured({ output: _, ...report }: JobReport, scraped: ReturnType<Scraper['log']>): JobReport {
  const columns = Object.entries(scraped?.series.columns ?? {});
  if (columns.length === 0) return report;
  const found = Object.fromEntries(columns.map(([name, { last }]) => [name, last]));
  return { ...report, metrics: found, measure: { ...found, ...report.measure } };
}
