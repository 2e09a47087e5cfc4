import { join } from 'node:path';
import { sizeBelow } from '../runs/data-size.js';
import { type DeployedJob, isElsewhere } from '../runs/deployment.js';
import { hasEnded, type RunRecord } from '../runs/run-record.js';
import type { RunStore } from '../runs/run-store.js';
import type { MachineProblem } from '../targets/target.js';
import { baseNames } from './base-images.js';
import type { Experiment } from './experiment.js';
import { type ExperimentStatus, isHome, observe } from './observe.js';
import type { Session } from './session.js';
import { targetOf } from './target-of.js';
import { rest, wake } from './wake.js';

export interface CollectRequest {
  /** A path below data/ that alone is wanted; null: all. */
  readonly only: string | null;
  /** These runs alone. Left out: all. */
  readonly runs?: ReadonlySet<string>;
  readonly progress?: (machine: string, text: string) => void;
}

/** Brings home what the jobs of the deployment have left so far. One machine's failure stops no other.
 *  @returns how things stood before, receipts brought up to date, and what went wrong */
export async function collect(
  session: Session,
  experiment: Experiment,
  request: CollectRequest,
): Promise<{ status: ExperimentStatus; problems: readonly MachineProblem[] }> {
  const before = await observe(session, experiment);
  const woken = await wake(session, experiment, before, request.runs);
  let status = before;
  try {
    if (woken.size > 0) status = await observe(session, experiment);
    return { status, problems: await collectFrom(session, experiment, status, request) };
  } finally {
    await rest(session, experiment, status, woken);
  }
}

/** Runs of the deployment of which something may not be here yet. */
export function runsElsewhere({ deployments, runs }: Experiment): Set<string> {
  const jobs = deployments.read()?.jobs ?? [];
  return new Set(
    jobs.flatMap(({ run }) => {
      const record = runs.read(run);
      return record && isHome(runs, record) ? [] : [run];
    }),
  );
}

/** Everything of the run has been brought home, and as much is here still. */
function isUntouched(runs: RunStore, record: RunRecord | null): boolean {
  if (!record?.collected_data || !isHome(runs, record)) return false;
  const { files, bytes } = record.collected_data;
  const now = dataHere(runs, record.id).collected_data;
  return now?.files === files && now.bytes === bytes;
}

const hasBegun = (record: RunRecord | null): boolean =>
  record !== null && (record.started !== null || Boolean(record.times.fetching));

/** How much of a run's data is here, as its receipt has it; nothing, where there is none. */
function dataHere(runs: RunStore, run: string): Pick<RunRecord, 'collected_data'> {
  try {
    return { collected_data: sizeBelow(join(runs.pathOf(run), 'data')) };
  } catch {
    return {};
  }
}

/** Brings home the same, for what has been observed already. */
export async function collectFrom(
  session: Session,
  experiment: Experiment,
  status: ExperimentStatus,
  { only, runs: wanted, progress = () => {} }: CollectRequest,
): Promise<readonly MachineProblem[]> {
  const { deployment, silent } = status;
  if (deployment?.released !== null) return [];
  const records = new Map(status.conditions.flatMap(({ record }) => (record ? [[record.id, record]] : [])));
  const unheard = new Set(silent.map(({ machine }) => machine));
  const jobs = deployment.jobs
    .filter((job) => (!wanted || wanted.has(job.run)) && !unheard.has(job.machine))
    .filter(({ run }) => !isUntouched(experiment.runs, records.get(run) ?? experiment.runs.read(run)))
    .map((job) => {
      const record = records.get(job.run) ?? experiment.runs.read(job.run);
      return { ...job, whole: record !== null && hasEnded(record), began: hasBegun(record) };
    });
  const target = targetOf(session, experiment, deployment.target);
  const isRemote = new Set(deployment.machines.filter(isElsewhere).map(({ name }) => name));
  // What the image was built on is known where it was built: machines that answer are asked while data is on its way.
  const answering = new Set(status.conditions.flatMap(({ report, record }) => (report && record?.id) || []));
  const bases = new Map<string, Promise<RunRecord['image']['base']>>();
  for (const job of session.executor.dryRun || only !== null ? [] : jobs) {
    const record = records.get(job.run);
    const isDue = job.whole && record && !record.collected && answering.has(job.run);
    if (isDue && isRemote.has(job.machine) && !bases.has(job.machine))
      bases.set(
        job.machine,
        basesOf(job, record).catch(() => []),
      );
  }
  const problems = await target.collect(deployment, jobs, { only, progress });
  const failed = problems.filter(({ isGone }) => !isGone);
  const lacking = new Set(failed.map(({ machine }) => machine));
  const gone = new Set(problems.filter(({ isGone }) => isGone).map(({ machine }) => machine));
  for (const job of jobs) {
    if (!job.whole || only !== null || lacking.has(job.machine) || !isRemote.has(job.machine)) continue;
    const record = records.get(job.run) ?? experiment.runs.read(job.run);
    if (!record || session.executor.dryRun) continue;
    const data = dataHere(experiment.runs, job.run);
    if (record.collected) {
      experiment.runs.write({ ...record, ...data });
      continue;
    }
    if (gone.has(job.machine) && record.started) {
      session.notify.warn(`What ${job.condition} left went with its machine, before it was brought home.`);
      continue;
    }
    const base = (await bases.get(job.machine)) ?? record.image.base;
    const collected = session.now().toISOString();
    experiment.runs.write({ ...record, collected, ...data, image: { ...record.image, base } });
  }
  const asked = new Set(
    deployment.jobs.filter((job) => !wanted || wanted.has(job.run)).map((job) => job.machine),
  );
  return [...silent.filter(({ machine }) => asked.has(machine)), ...failed];

  async function basesOf(job: DeployedJob, { image }: RunRecord): Promise<RunRecord['image']['base']> {
    if (!deployment || image.base.length > 0) return image.base;
    const dockerfile = await experiment.project.git
      .raw('cat-file', 'blob', `${image.context_tree}:${image.dockerfile}`)
      .catch(() => '');
    const { machine } = target.placeOf(deployment, job);
    return machine.images(deployment.docker, baseNames(dockerfile)).catch(() => []);
  }
}
