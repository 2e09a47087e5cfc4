import { earlierFingerprint, type Recipe } from './recipe.js';

/** The settings that differ between two runs of one condition, apart from the source: keys of parameters.json, such as
 * `environment.SEED`, in its order. Fields that a receipt lacks count as changed. */
export function changedSettings(before: Recipe, now: Recipe): readonly string[] {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return [
    ...(before.experiment.path === now.experiment.path ? [] : ['the folder of the experiment']),
    ...(before.command === now.command ? [] : ['experiment_command']),
    ...changedKeys('inputs', before.inputs, now.inputs, isSameInput),
    ...(before.image.context === now.image.context ? [] : ['docker_build_context']),
    ...(same(before.docker_run_args, now.docker_run_args) ? [] : ['docker_run_args']),
    ...changedKeys('environment', before.environment, now.environment, same),
  ];
}

function changedKeys<T>(
  key: string,
  before: Readonly<Record<string, T>>,
  now: Readonly<Record<string, T>>,
  isSame: (one: T, other: T) => boolean,
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names]
    .filter((name) => {
      const [one, other] = [before[name], now[name]];
      return one === undefined || other === undefined || !isSame(one, other);
    })
    .map((name) => `${key}.${name}`);
}

/** Compares contents if both are known. */
const isSameInput = (one: Recipe['inputs'][string], other: Recipe['inputs'][string]): boolean =>
  one.hash && other.hash ? one.hash === other.hash : one.id !== null && one.id === other.id;

/** A recipe of version 0.1, which did not record the contents of inputs, with the present contents, if its fingerprint
 * shows that they are the same; otherwise the recipe as it is.
 * @param sourceId that of its commit */
export function withInputsOf(before: Recipe, fingerprint: string, now: Recipe, sourceId: string): Recipe {
  const inputs = Object.fromEntries(
    Object.entries(before.inputs).map(([name, input]) => [
      name,
      { ...input, id: now.inputs[name]?.id ?? null },
    ]),
  );
  const filled = { ...before, source: { ...before.source, id: sourceId }, inputs };
  return earlierFingerprint(filled) === fingerprint ? filled : before;
}
