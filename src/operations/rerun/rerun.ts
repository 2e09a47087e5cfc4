import { resolve } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import type { Argument } from '../../experiment/arguments.js';
import { withArguments } from '../../experiment/change-arguments.js';
import type { Condition } from '../../experiment/condition.js';
import { readParameters } from '../../experiment/parameters.js';
import { count } from '../../phrases.js';
import type { CameFrom, RunRecord } from '../../runs/record.js';
import type { RunStore } from '../../runs/store.js';
import { type Pin, pinCommit } from '../../source/pin.js';
import { targetNames } from '../../targets/registry.js';
import { type Experiment, experimentWith } from '../experiment.js';
import { refuseMissingCommit } from '../reproduce/commit-here.js';
import type { Session } from '../session.js';
import { inputsAgain } from './inputs.js';

/** Runs that cannot be run again as they are named. */
export class CannotRerun extends UserError {}

/** The changes of a rerun; each default: as it was. */
export interface Changes {
  readonly settings: readonly Argument[];
  readonly commit: string | null;
  /** Those that run again since they failed or were lost. */
  readonly failed: ReadonlySet<string>;
}

/** Runs again: the experiment of then with only their conditions, at their commit. */
export interface Rerun {
  readonly experiment: Experiment;
  readonly pin: Pin;
  /** The target of those runs. */
  readonly target: string;
  readonly cameFrom: ReadonlyMap<string, CameFrom>;
}

/** What runs again for some runs of an experiment. Changes nothing.
 * @param folder the experiment's. @throws CannotRerun, UnknownCommit, CannotReproduce if an input is another one now */
export async function rerunOf(
  session: Session,
  folder: string,
  store: RunStore,
  records: readonly RunRecord[],
  { settings, commit, failed }: Changes,
): Promise<Rerun> {
  const [first] = records;
  if (!first) throw new CannotRerun('No run was named.');
  const texts = records.map((record) => parametersOf(store, record.id));
  const [text = ''] = texts;
  const commits = new Set(records.map(({ recipe }) => recipe.source.commit));
  if (commit === null && commits.size > 1)
    throw new CannotRerun(
      `These runs are of ${count(commits.size, 'commit')}, and one deployment is at one.`,
      [
        ...records.slice(0, 3).map(({ id }) => ownLine('rerun', [id])),
        ownLine('rerun', ['--commit', 'HEAD', ...records.map(({ id }) => id)], 'all at one commit'),
      ],
    );
  const other = texts.findIndex((one) => withoutConditions(one) !== withoutConditions(text));
  if (other !== -1)
    throw new CannotRerun(
      `${first.id} and ${records[other]?.id} had different settings in parameters.json, and one deployment has one.`,
      records.slice(0, 3).map(({ id }) => ownLine('rerun', [id])),
    );
  // Today's parameters.json is not read.
  const path = `${store.pathOf(first.id)}/parameters.json`;
  const parameters = readParameters(text, path, targetNames);
  const inputs = await inputsAgain(session, resolve(folder), store.folder, parameters, records);
  const now = await experimentWith(session, resolve(folder), {
    text,
    parameters: { ...parameters, inputs },
  });
  const then = commit === null ? inFolderOf(now, records) : now;
  if (commit === null) await refuseMissingCommit(then.project, first);
  const cameFrom = new Map<string, CameFrom>();
  const conditions = new Map<string, Condition>();
  for (const { id, recipe } of records) {
    const condition = withArguments(recipe.condition, settings, then.parameters.argumentStyle);
    const same = cameFrom.get(condition.id);
    if (same)
      throw new CannotRerun(`${same.run} and ${id} would run with the same arguments.`, [
        ownLine('rerun', [id]),
      ]);
    conditions.set(condition.id, condition);
    cameFrom.set(condition.id, { kind: failed.has(id) ? 'retry' : 'rerun', run: id });
  }
  return {
    experiment: { ...then, conditions: [...conditions.values()] },
    pin: await pinCommit(then.project, commit ?? first.recipe.source.commit),
    target: first.target,
    cameFrom,
  };
}

/** The folder of the experiment may have another name now than in their commit. */
function inFolderOf(experiment: Experiment, records: readonly RunRecord[]): Experiment {
  const [path, ...others] = new Set(records.map(({ recipe }) => recipe.experiment.path));
  if (path === undefined || others.length > 0) return experiment;
  return { ...experiment, path, parametersFile: path === '' ? 'parameters.json' : `${path}/parameters.json` };
}

function parametersOf(store: RunStore, id: string): string {
  const text = store.parametersOf(id);
  if (text === null)
    throw new CannotRerun(`${store.pathOf(id)} has no parameters.json, which says how ${id} ran.`);
  return text;
}

/** The settings that all conditions of a file share. The list of conditions may have grown between two sweeps. */
function withoutConditions(text: string): string {
  try {
    const { experiment_conditions, experiment_grid, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return JSON.stringify(rest);
  } catch {
    return text;
  }
}
