import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../errors.js';
import type { Condition } from '../experiment/condition.js';
import type { Parameters } from '../experiment/parameters.js';
import { here } from '../machines/connection.js';
import { Machine } from '../machines/machine.js';
import type { Deployment } from '../runs/deployment.js';
import { DeploymentStore } from '../runs/deployment-store.js';
import { RunStore } from '../runs/store.js';
import { targetNamed } from '../targets/registry.js';
import type { Target } from '../targets/target.js';
import { readExperiment } from './read-experiment.js';
import { machineTemplate, type Session } from './session.js';

/** The records of an experiment. They are enough to follow, collect and end its jobs, even if parameters.json, the
 * branch or the repository has changed or is gone. */
export interface ExperimentRecords {
  /** Absolute. */
  readonly folder: string;
  readonly runs: RunStore;
  readonly deployments: DeploymentStore;
  /** Targets made so far, by name: each caches facts during a command. */
  readonly targets: Map<string, Promise<Target>>;
  /** The present parameters.json; null: it is missing or cannot be read. */
  readonly parameters: Parameters | null;
  /** Conditions of parameters.json; none if it cannot be read. */
  readonly conditions: readonly Condition[];
}

/** Opens the records of an experiment. An unreadable parameters.json is a warning only. @throws NoExperiment,
 * NoSuchFolder, InvalidParameters if there are no records either */
export function openRecords(session: Session, given: string): ExperimentRecords {
  const folder = resolve(given);
  const stores = storesOf(session, folder);
  try {
    const { parameters } = readExperiment(folder);
    return { folder, ...stores, parameters, conditions: parameters.conditions };
  } catch (error) {
    const isRecorded = existsSync(stores.runs.folder) || stores.deployments.read() !== null;
    if (!(error instanceof UserError) || !isRecorded) throw error;
    const [why] = error.message.split('\n');
    session.notify.warn(`Showing records only, without parameters.json: ${why}`);
    return { folder, ...stores, parameters: null, conditions: [] };
  }
}

export const storesOf = ({ executor, home }: Session, folder: string) => ({
  runs: new RunStore(folder, executor.dryRun),
  deployments: new DeploymentStore(home, folder, executor.dryRun),
  targets: new Map<string, Promise<Target>>(),
});

/** @throws TargetNotSupported */
export function targetCalled(
  session: Session,
  name: string,
  { runs, deployments, targets }: Pick<ExperimentRecords, 'runs' | 'deployments' | 'targets'>,
): Promise<Target> {
  const known = targets.get(name);
  if (known) return known;
  const { executor, ssh, env, home, now, notify } = session;
  const template = (file: string) => machineTemplate(session, file);
  const target = targetNamed(name, {
    ...{ executor, ssh, env, home, now, deployments },
    runs: runs.folder,
    templates: {
      runner: template('runner.sh'),
      survey: template('survey.sh'),
      unneeded: template('unneeded.sh'),
      cloudInit: template('cloud-init.yaml'),
      idle: template('idle.sh'),
    },
    note: (text) => notify.step(text),
    step: (place, step) => notify.place?.(place, step),
  });
  targets.set(name, target);
  return target;
}

/** The target of a deployment. */
export const targetOf = (
  session: Session,
  records: ExperimentRecords,
  { target }: Deployment,
): Promise<Target> => targetCalled(session, target, records);

/** This computer as a machine, with the runner of this version. */
export const thisComputer = (session: Session): Machine =>
  new Machine(session.executor, here(''), machineTemplate(session, 'runner.sh'));
