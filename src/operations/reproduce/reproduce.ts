import { join } from 'node:path';
import { ownLine } from '../../errors.js';
import { currentUser } from '../../machines/user.js';
import type { Recipe } from '../../recipe/recipe.js';
import { type Here, type Reproduction, reproductionOf } from '../../recipe/reproduction.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import { checkoutOf } from '../../source/checkout.js';
import { findRepository } from '../../source/project.js';
import { Engine } from '../../tools/docker/engine.js';
import type { ExperimentRecords } from '../records.js';
import type { Session } from '../session.js';
import { CannotReproduce } from './cannot.js';
import { refuseMissingCommit } from './commit-here.js';
import { type InputHere, inputHere, placesOf } from './inputs-here.js';
import { lacksOf, refuseLacks } from './lacks.js';

/** A run that can be repeated here. */
export interface Reproducible {
  readonly record: RunRecord;
  readonly here: Here;
  readonly engine: Engine;
  readonly steps: Reproduction;
  /** What may be another than it was, a sentence each. */
  readonly notes: readonly string[];
}

/** Where runs are repeated: folders RUN, and RUN.SUFFIX by `--check`. */
export const repetitionsOf = (home: string): string => join(home, '.logistician', 'reproduced');

/** Looks at what the repetition of a run needs. Changes nothing.
 * @param folder in which it is to be repeated, absolute. @param given paths of inputs by name
 * @throws CannotReproduce, MissingLargeFiles and others of `lacksOf` */
export async function reproduction(
  session: Session,
  { folder: experiment, runs, parameters }: ExperimentRecords,
  record: RunRecord,
  folder: string,
  given: Readonly<Record<string, string>> = {},
): Promise<Reproducible> {
  const { recipe } = record;
  if (!hasEnded(record))
    throw new CannotReproduce(`The run ${record.id} has not ended yet.`, [ownLine('status')]);
  const docker = parameters?.dockerCommand ?? 'docker';
  const engine = new Engine(session.executor, docker, session.env);
  const { commit, tree } = recipe.source;
  // The branch may have no commit.
  const project = { ...(await findRepository(experiment)), head: commit, headTree: tree };
  await refuseMissingCommit(project, record);
  refuseUnknownInputs(recipe, given);
  refuseLacks(await lacksOf(session, project, runs.folder, record, given));
  const [checkout, facts] = await Promise.all([checkoutOf(project, recipe.source.commit), engine.facts()]);
  const inputs = new Map<string, InputHere>();
  for (const [name, input] of Object.entries(recipe.inputs)) {
    const places = given[name] === undefined ? placesOf(input, runs.folder) : [given[name]];
    inputs.set(name, await inputHere(session, record.id, name, input, places));
  }
  const continues = recipe.continues?.run;
  const state = continues === undefined ? null : join(runs.pathOf(continues), 'data', 'state');
  const here: Here = {
    ...{ folder, docker, checkout, state },
    user: currentUser(),
    rootless: facts.users === 'rootless',
    inputs: Object.fromEntries([...inputs].map(([name, { path }]) => [name, path])),
    gpus: record.gpus,
  };
  const steps = reproductionOf(record, here);
  return {
    record,
    here,
    engine,
    steps,
    notes: [...[...inputs.values()].flatMap(({ note }) => note ?? []), ...notesOf(recipe)],
  };
}

function refuseUnknownInputs({ inputs }: Recipe, given: Readonly<Record<string, string>>): void {
  const names = Object.keys(inputs);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const had = names.length === 0 ? 'It had none.' : `It had ${names.join(', ')}.`;
  throw new CannotReproduce(`The run has no input "${unknown}". ${had}`, [], { exit: 2 });
}

function notesOf({ source, secrets }: Recipe): string[] {
  const { live, left_out } = source;
  return [
    ...(live
      ? ['It ran on the working tree: files that git ignores were there, and are not in its snapshot.']
      : []),
    ...(left_out.length > 0
      ? [`Not in its snapshot, since they were too large: ${left_out.slice(0, 5).join(', ')}.`]
      : []),
    ...(secrets.length > 0
      ? [
          `It takes ${secrets.join(', ')} from your environment. Docker keeps them until the container is gone.`,
        ]
      : []),
  ];
}
