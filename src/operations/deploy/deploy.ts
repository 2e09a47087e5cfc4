import { BuildFailed } from '../../machines/image.js';
import type { Deployment } from '../../runs/deployment.js';
import type { LiveDeployment } from '../../runs/deployment-store.js';
import { refuseMissingFiles } from '../../source/checkout.js';
import { keepPin } from '../../source/keep.js';
import { projectKey } from '../../source/project.js';
import type { Bundle, LaunchedJob, PlaceProblem } from '../../targets/target.js';
import { giveBackForOthers } from '../end/give-back.js';
import { bringToAnEnd } from '../end/terminate.js';
import type { Experiment } from '../experiment.js';
import { targetCalled } from '../records.js';
import type { Session } from '../session.js';
import type { DeployPlan } from './decide.js';
import { draftDeployment } from './draft.js';
import { RecordedRuns } from './record.js';
import { readSecrets } from './secrets.js';

/** Records the deployment, then launches it: after a crash in between, the same again delivers the rest.
 *  Returns when every job is delivered. @throws BuildFailed, and what kept it from being recorded, with nothing
 *  left of a deployment that was new */
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
  if (!session.executor.dryRun) await refuseMissingFiles(plan.source);
  await keepPin(experiment.project, session.executor, plan.pin);
  const recorded = await RecordedRuns.claim(session, experiment, { plan, target, draft, bundle });
  let jobs: readonly LaunchedJob[] | undefined;
  try {
    live.write(recorded.deployment);
    if (!session.executor.dryRun) session.executor.journal.keepIn(deployments.commands);
    jobs = recorded.write();
    const secrets = readSecrets([...new Set(jobs.flatMap(({ recipe }) => recipe.secrets))], session.env);
    const problems = await target.launch(live, jobs, { ...bundle, secrets }, session.progress);
    return { deployment: live.now, problems: [...recorded.problems, ...problems] };
  } catch (error) {
    // Nothing has begun: half a deployment is none, and the one before is the last one.
    if (!jobs || error instanceof BuildFailed) {
      recorded.takeBack();
      const none = { ...recorded.deployment, jobs: [], released: session.now().toISOString() };
      live.write(plan.joins ?? ended ?? none);
    }
    throw error;
  }
}

const bundleOf = ({ parameters, project }: Experiment, { source }: DeployPlan): Bundle => ({
  source,
  projectKey: projectKey(project),
  transport: parameters.dockerImageTransport,
  secrets: [],
  parameters,
});
