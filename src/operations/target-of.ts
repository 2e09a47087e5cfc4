import type { Host } from '../experiment/settings.js';
import { ensureImage } from '../machines/image.js';
import type { Surroundings } from '../targets/surroundings.js';
import type { Target } from '../targets/target.js';
import { targetNamed } from '../targets/targets.js';
import type { HostKey } from '../tools/ssh/known-hosts.js';
import { type Experiment, machineTemplate, runnerTemplate } from './experiment.js';
import type { Session } from './session.js';

// Apart from experiment.ts, so that `run` does not load targets, which it has none of.

/** What a person may say of machines beyond parameters.json. */
export interface Machines {
  /** In the place of the file's `hosts`; null: those of the file. */
  readonly hosts: readonly Host[] | null;
  /** Says whether a machine that nobody knows yet is who it says. */
  readonly trust: (machine: string, key: HostKey) => Promise<boolean>;
}

const asTheFileSays: Machines = { hosts: null, trust: async () => false };

/** @throws TargetNotSupported */
export const targetOf = (
  session: Session,
  experiment: Experiment,
  name: string,
  machines = asTheFileSays,
): Target => targetNamed(name, surroundings(session, experiment, machines));

/** What targets are given of the world. */
export function surroundings(
  session: Session,
  experiment: Experiment,
  { hosts, trust }: Machines,
): Surroundings {
  const { executor, ssh, env, home, now, notify } = session;
  const { engine, deployments, runs, parameters } = experiment;
  return {
    ...{ executor, ssh, env, home, now, engine, deployments, trust },
    runs: runs.folder,
    experiment: parameters.experimentName,
    hosts: hosts ?? parameters.hosts,
    aws: parameters.aws,
    tags: parameters.tags,
    maxHours: parameters.maxHours,
    idleMinutes: parameters.idleMinutes,
    localDocker: parameters.dockerCommand,
    remoteDocker: parameters.remoteDockerCommand,
    runner: runnerTemplate(session),
    survey: machineTemplate(session, 'survey.sh'),
    cloudInit: machineTemplate(session, 'cloud-init.yaml'),
    idle: machineTemplate(session, 'idle.sh'),
    note: (text) => notify.step(text),
    step: (machine, step) => notify.machine?.(machine, step),
    buildHere: ({ source, image }, io) =>
      ensureImage(executor, engine, parameters.dockerCommand, source.repository, image, io),
  };
}
