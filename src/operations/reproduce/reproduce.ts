import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import { currentUser } from '../../machines/user.js';
import type { Recipe } from '../../recipe/recipe.js';
import { type Here, type Reproduction, reproductionOf } from '../../recipe/reproduction.js';
import { hasEnded, type RunRecord } from '../../runs/record.js';
import { pasteable } from '../../shell/word.js';
import { checkoutOf } from '../../source/checkout.js';
import { findRepository } from '../../source/project.js';
import { Engine } from '../../tools/docker/engine.js';
import { lookAtInputOf } from '../inputs.js';
import type { ExperimentRecords } from '../records.js';
import type { Session } from '../session.js';

/** Something of a run is not here, or not as it was, so that it cannot be repeated. */
export class CannotReproduce extends UserError {}

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
 * @param folder in which it is to be repeated, absolute. @throws CannotReproduce */
export async function reproduction(
  session: Session,
  { folder: experiment, runs, parameters }: ExperimentRecords,
  record: RunRecord,
  folder: string,
): Promise<Reproducible> {
  const { recipe } = record;
  if (!hasEnded(record))
    throw new CannotReproduce(`The run ${record.id} has not ended yet.`, [ownLine('status')]);
  const docker = parameters?.dockerCommand ?? 'docker';
  const engine = new Engine(session.executor, docker, session.env);
  const project = await findRepository(experiment);
  await refuseMissingCommit(project, record);
  const [checkout, facts, inputs] = await Promise.all([
    checkoutOf(project, recipe.source.commit),
    engine.facts(),
    inputsHere(session, recipe.inputs),
  ]);
  const continues = recipe.continues?.run;
  const state = continues === undefined ? null : join(runs.pathOf(continues), 'data', 'state');
  if (state !== null && !existsSync(state))
    throw new CannotReproduce(
      `The run ${record.id} continued from the state of ${continues}, which is not here.`,
      [ownLine('sync')],
    );
  const here: Here = {
    ...{ folder, docker, checkout, state },
    user: currentUser(),
    rootless: facts.users === 'rootless',
    inputs: inputs.paths,
    gpus: record.gpus,
  };
  const steps = reproductionOf(record, here);
  return { record, here, engine, steps, notes: [...inputs.notes, ...notesOf(recipe)] };
}

/** @throws CannotReproduce */
async function refuseMissingCommit(
  { git, root }: Pick<Awaited<ReturnType<typeof findRepository>>, 'git' | 'root'>,
  { recipe: { source }, id }: RunRecord,
): Promise<void> {
  const isHere = await git.raw('cat-file', '-e', `${source.commit}^{commit}`).then(
    () => true,
    () => false,
  );
  if (isHere) return;
  const { remote, commit, pushed } = source;
  throw new CannotReproduce(
    `The commit ${commit.slice(0, 10)} of the run ${id} is not in ${root}.`,
    remote !== null && pushed ? [pasteable`git -C ${root} fetch ${remote} ${commit}`] : [],
  );
}

/** @throws CannotReproduce if an input has other contents now than it had */
export async function refuseOtherInputs(session: Session, recorded: Recipe['inputs']): Promise<void> {
  await inputsHere(session, recorded);
}

/** The inputs where they were. @throws CannotReproduce if one has other contents now */
async function inputsHere(
  session: Session,
  recorded: Recipe['inputs'],
): Promise<{ paths: Record<string, string>; notes: string[] }> {
  const notes: string[] = [];
  for (const [name, { path, id, hash }] of Object.entries(recorded)) {
    if (!existsSync(path))
      throw new CannotReproduce(`The input "${name}" of the run is not here: there is no ${path}.`);
    const now = await lookAtInputOf(session, name, path);
    const isSame = hash && now.hash ? hash === now.hash : id === now.id;
    if (isSame) continue;
    // By times alone it cannot be told whether the contents are the same.
    if (hash && now.hash)
      throw new CannotReproduce(`The input "${name}" has other contents now than when it ran: ${path}.`);
    notes.push(`Whether the input "${name}" is the same as then is not known: ${path}.`);
  }
  const paths = Object.entries(recorded).map(([name, { path }]) => [name, path]);
  return { paths: Object.fromEntries(paths), notes };
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
