import { createHash } from 'node:crypto';
import type { Condition } from '../experiment/condition.js';
import type { RunRecord } from '../runs/run-record.js';
import { folderId } from '../source/folder-id.js';
import { sourceId } from '../source/listing.js';
import type { Pin } from '../source/pin.js';
import { baseImages } from './base-images.js';
import { type Experiment, type ExperimentImage, inputFolders } from './experiment.js';
import type { Session } from './session.js';

/** What all runs of one experiment at one pin have in common. */
export interface RunFacts {
  readonly experiment: Experiment;
  readonly pin: Pin;
  readonly sourceId: string;
  readonly image: ExperimentImage;
  /** Absolute paths by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** What is in the inputs, by name: changes when a file does. */
  readonly inputIds: Readonly<Record<string, string>>;
  readonly tools: Omit<RunRecord['tools'], 'docker'>;
  readonly base: RunRecord['image']['base'];
}

/** @param planned asked for its base once it is there: that may have come with a build. */
export async function gatherFacts(
  session: Session,
  experiment: Experiment,
  pin: Pin,
  planned: Promise<ExperimentImage>,
): Promise<RunFacts> {
  const { project, parametersFile } = experiment;
  const [image, base, version, id] = await Promise.all([
    planned,
    // Where images are not built here, this computer needs no Docker.
    planned.then((image) => baseImages(experiment.engine, image).catch(() => [])),
    project.git.raw('version'),
    sourceId(project, pin.commit, parametersFile),
  ]);
  const inputs = inputFolders(experiment);
  const git = version.replace('git version', '').trim();
  return {
    experiment,
    pin,
    sourceId: id,
    image,
    inputs,
    inputIds: mapValues(inputs, folderId),
    tools: { logistician: session.version, node: process.versions.node, git },
    base,
  };
}

/** What decides whether a condition has to run again: everything that goes into it, but not what came of it.
 *  The image is not part: two builds of one Dockerfile differ. */
export function fingerprint({ experiment, sourceId, inputIds }: RunFacts, condition: Condition): string {
  const { parameters, path } = experiment;
  const parts = [
    sourceId,
    path,
    parameters.dockerBuildContext,
    parameters.experimentCommand,
    condition.argv,
    parameters.environment,
    parameters.dockerRunArgs,
    inputIds,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

const mapValues = (record: Readonly<Record<string, string>>, change: (value: string) => string) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
