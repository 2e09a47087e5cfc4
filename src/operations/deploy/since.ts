import { UserError } from '../../errors.js';
import type { Condition } from '../../experiment/condition.js';
import { changedSettings, withInputsOf } from '../../recipe/changes.js';
import type { Recipe } from '../../recipe/recipe.js';
import { type Ingredients, recipeOf } from '../../recipe/recipe-of.js';
import type { RunSummary } from '../../runs/index-file.js';
import type { RunRecord } from '../../runs/record.js';
import { changedCode } from '../../source/code.js';
import { linksAt } from '../../source/listing.js';
import { sourceId } from '../../source/source-id.js';
import { GitFailed } from '../../tools/git/reads.js';
import { codeRuleOf, type Experiment } from '../experiment.js';

/** Conditions that succeeded at one commit and run again because of the same changes. */
export interface Since {
  readonly commit: string;
  readonly conditions: readonly Condition[];
  /** Files of the project that count and have changed, sorted; null: that commit is not in this repository. */
  readonly files: readonly string[] | null;
  /** Keys of parameters.json; `submodules that are checked out`. */
  readonly settings: readonly string[];
  /** One of the runs that succeeded. */
  readonly run: string;
}

/** How the last successes of conditions compare with what would run now. */
export interface Compared {
  /** Ids of conditions whose last success is still good: later changes do not count. */
  readonly good: ReadonlySet<string>;
  readonly since: readonly Since[];
}

/** Compares the last success of each condition, whose fingerprint is another one, with what would run now: by its
 * receipt, and by `code` as it is now. */
export async function compareSuccesses(
  experiment: Experiment,
  ingredients: Ingredients,
  conditions: readonly Condition[],
  runs: readonly RunSummary[],
): Promise<Compared> {
  const last = new Map(
    runs.filter(({ state, live }) => state === 'succeeded' && !live).map((run) => [run.condition, run.id]),
  );
  const sources = new Sources(experiment, ingredients.pin.commit);
  const good = new Set<string>();
  const since = new Map<string, Since & { readonly conditions: Condition[] }>();
  for (const condition of conditions) {
    const run = last.get(condition.id);
    const record = run === undefined ? null : experiment.runs.readOrNull(run);
    if (!record) continue;
    const { commit } = record.recipe.source;
    const now = recipeOf(ingredients, condition);
    const before = await sources.filled(record, now);
    const files = await sources.changed(before);
    const settings = [
      ...((await sources.hadTheSameSubmodules(before)) ? [] : ['submodules that are checked out']),
      ...changedSettings(before, now),
    ];
    if (files?.length === 0 && settings.length === 0) {
      good.add(condition.id);
      continue;
    }
    const key = JSON.stringify([commit, settings]);
    const same = since.get(key) ?? { commit, conditions: [], files, settings, run: record.id };
    same.conditions.push(condition);
    since.set(key, same);
  }
  return {
    good,
    since: [...since.values()].sort((one, other) => other.conditions.length - one.conditions.length),
  };
}

/** The contents of earlier commits; git is asked once for each. */
class Sources {
  readonly #changed = new Map<string, Promise<readonly string[] | null>>();
  readonly #ids = new Map<string, Promise<string>>();

  constructor(
    private readonly experiment: Experiment,
    private readonly now: string,
  ) {}

  /** Files that count and have changed since; null: git cannot say. */
  changed({ source }: Recipe): Promise<readonly string[] | null> {
    const { commit } = source;
    const known =
      this.#changed.get(commit) ??
      changedCode(this.experiment.project, [commit, this.now], codeRuleOf(this.experiment));
    this.#changed.set(commit, known);
    return known;
  }

  /** Whether the same submodules of an earlier commit are checked out now as when it ran. */
  async hadTheSameSubmodules({ source, experiment }: Recipe): Promise<boolean> {
    if (source.id === null) return true;
    const { project } = this.experiment;
    return gitOr(true, async () => {
      if ((await linksAt(project, source.commit)).length === 0) return true;
      return source.id === (await this.#sourceId(source.commit, experiment));
    });
  }

  /** The recipe of a run, completed by facts about its inputs that version 0.1 did not record. */
  async filled({ recipe, fingerprint }: RunRecord, now: Recipe): Promise<Recipe> {
    const { source, inputs, experiment } = recipe;
    if (source.id !== null || Object.keys(inputs).length === 0) return recipe;
    return gitOr(recipe, async () => {
      const id = await this.#sourceId(source.commit, experiment);
      return withInputsOf(recipe, fingerprint, now, id);
    });
  }

  #sourceId(commit: string, experiment: Recipe['experiment']): Promise<string> {
    const parametersFile = parametersFileOf(experiment);
    const key = `${commit} ${parametersFile}`;
    const id = this.#ids.get(key) ?? sourceId(this.experiment.project, commit, parametersFile);
    this.#ids.set(key, id);
    return id;
  }
}

const parametersFileOf = ({ path }: Recipe['experiment']): string =>
  path === '' ? 'parameters.json' : `${path}/parameters.json`;

/** Git's answer about the commit of an earlier run, or `otherwise` if the commit or one of its submodules is gone. */
async function gitOr<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GitFailed || error instanceof UserError) return otherwise;
    throw error;
  }
}
