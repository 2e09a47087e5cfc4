import { BuildFailed } from '../../machines/build-failed.js';
import { count } from '../../phrases.js';
import type { Deployment } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { keepPin } from '../../source/keep.js';
import { refuseMissingFiles } from '../../source/missing-files.js';
import { projectKey } from '../../source/project.js';
import type { Bundle, LaunchedJob, PlaceProblem } from '../../targets/target.js';
import { giveBackForOthers, makeRoom } from '../end/give-back.js';
import { bringToAnEnd } from '../end/terminate.js';
import type { Experiment } from '../experiment.js';
import { targetCalled } from '../records.js';
import type { Session } from '../session.js';
import { continuations } from './continue.js';
import type { DeployPlan } from './decide.js';
import { draftDeployment } from './draft.js';
import { RecordedRuns } from './record.js';
import { withRoom } from './room.js';
import { readSecrets } from './secrets.js';

/** Records the deployment, then launches it: after a crash in between, a repeated call delivers the rest. Returns when
 * every job is delivered. @throws BuildFailed, and errors of recording; a new deployment is rolled back then */
export async function deploy(
  session: Session,
  experiment: Experiment,
  live: LiveDeployment,
  plan: DeployPlan,
): Promise<{ deployment: Deployment; problems: readonly PlaceProblem[] }> {
  const { deployments } = experiment;
  const target = await targetCalled(session, plan.target, experiment);
  const before = live.last;
  if (before?.released === null && !plan.joins) await bringToAnEnd(session, experiment, live);
  if (plan.joins) {
    const replaced = new Set(plan.assigned.map(({ place }) => place.name));
    await giveBackForOthers(session, experiment, live, replaced);
  }
  const ended = live.last;
  if (!plan.joins) deployments.setCommandsAside(before);
  const draft = draftDeployment(session, experiment, plan);
  const bundle = bundleOf(experiment, plan);
  if (!session.executor.dryRun) await refuseMissingFiles(session.executor, plan.source);
  await keepPin(experiment.project, session.executor, plan.pin);
  const continued = await continuations(session, experiment, live, plan.after);
  const recorded = await RecordedRuns.claim(session, experiment, { plan, target, draft, bundle, continued });
  let jobs: readonly LaunchedJob[] | undefined;
  try {
    live.write(recorded.deployment);
    if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
    jobs = await recorded.write();
    const secrets = readSecrets([...new Set(jobs.flatMap(({ recipe }) => recipe.secrets))], session.env);
    const now = await thoseWithRoom(session, experiment, live, jobs, plan);
    const problems =
      now.length > 0 ? await target.launch(live, now, { ...bundle, secrets }, session.progress) : [];
    const launched = new Set(now.map(({ place }) => place));
    const others = new Set([...plan.resumes].filter((place) => !launched.has(place)));
    const held = others.size > 0 ? ((await target.holding?.resume(live.now, others)) ?? []) : [];
    return { deployment: live.now, problems: [...recorded.problems, ...problems, ...held] };
  } catch (error) {
    // Nothing has started: roll back, so that the previous deployment is still the last one.
    if (!jobs || error instanceof BuildFailed) {
      recorded.takeBack();
      const none = { ...recorded.deployment, jobs: [], released: session.now().toISOString() };
      live.write(plan.joins ?? ended ?? none);
    }
    throw error;
  }
}

/** The jobs that get a machine now. If others have to wait, machines whose jobs have ended are given back first. */
async function thoseWithRoom(
  session: Session,
  experiment: Experiment,
  live: LiveDeployment,
  jobs: readonly LaunchedJob[],
  { maxMachines, keepFailed, onlyDelivers }: DeployPlan,
): Promise<readonly LaunchedJob[]> {
  const chosen = () => {
    const names = withRoom(
      live.now,
      jobs.map(({ place }) => place),
      maxMachines,
    );
    return jobs.filter(({ place }) => names.has(place));
  };
  let now = chosen();
  if (now.length === jobs.length || onlyDelivers) return now;
  if (!session.executor.dryRun && (await makeRoom(session, experiment, live, keepFailed))) now = chosen();
  const later = jobs.length - now.length;
  if (later > 0)
    session.notify.note(
      `${count(later, 'condition')} ${later === 1 ? 'waits' : 'wait'} for a machine: at most ${maxMachines} may exist at a time. They get those that others give back, under deploy --wait or at the next deploy.`,
    );
  return now;
}

const bundleOf = ({ parameters, project }: Experiment, { source }: DeployPlan): Bundle => ({
  source,
  projectKey: projectKey(project),
  transport: parameters.dockerImageTransport,
  secrets: [],
  parameters,
});
