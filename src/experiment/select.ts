import { type OwnLine, ownLine, UserError } from '../errors.js';
import { nearest } from '../phrases.js';
import type { Condition } from './condition.js';
import { dashed } from './condition-id.js';

const MOST_CANDIDATES = 10;

/** What `--where` says, and how conditions are held against it. */
export interface ConditionFilter {
  /** As typed, one each; all must match. */
  readonly texts: readonly string[];
  /** Those that match. @throws UserError if none does, or none has what is named */
  fitting<C extends Selectable>(conditions: readonly C[]): readonly C[];
}

/** A selection of conditions. All given parts must match; all empty: all conditions. */
export interface Selection {
  /** Each an id, the beginning of an id that only one has, or a pattern with `*` and `?` over the slug or the id. */
  readonly names: readonly string[];
  /** null: any. */
  readonly where: ConditionFilter | null;
  /** States of the newest run; empty: any. */
  readonly states: readonly string[];
}

export const everything: Selection = { names: [], where: null, states: [] };

export const isEverything = ({ names, where, states }: Selection): boolean =>
  names.length + states.length === 0 && where === null;

/** The facts by which a condition is selected. */
export interface Selectable extends Pick<Condition, 'id'> {
  /** null: they are not known. */
  readonly given: Pick<Condition, 'argv' | 'parameters'> | null;
  /** Of its newest run; null: it has none. Left out: selected by names and arguments alone. */
  readonly state?: string | null;
  /** Id of that run; null: it has none. Left out: the newest that is known of it. */
  readonly run?: string | null;
  /** What is known of its measures by now. Default: what its files have. */
  readonly measures?: Readonly<Record<string, unknown>>;
  /** It belongs to an earlier sweep, and is selected only if none of this one matches. Default: false. */
  readonly isOld?: boolean;
}

/** A name that fits no condition, or several. */
export class UnknownCondition extends UserError {
  constructor(message: string, list: OwnLine) {
    super(message, [list], { exit: 2 });
  }
}

/** The selected conditions, in the order of `conditions`, each once. Names and arguments that match none are errors;
 * states may match none.
 *
 * @param list the line that shows the conditions there are
 * @throws UnknownCondition for a name that fits none, with the nearest, or several, with those; what `where` throws
 */
export function select<C extends Selectable>(
  conditions: readonly C[],
  { names, where, states }: Selection,
  list: OwnLine = ownLine('conditions'),
): readonly C[] {
  const isMeant = new Set(names.flatMap((name) => namedBy(conditions, name, list)));
  const named = names.length > 0 ? conditions.filter((one) => isMeant.has(one)) : conditions;
  const fit = where ? newestFitting(named, where) : named;
  if (states.length === 0) return fit;
  const ofState = fit.filter(({ state }) => states.includes(state ?? ''));
  return names.length > 0 || where ? ofState : ofState.filter(isCurrent);
}

/** The one selected condition. @throws UnknownCondition, and what `where` throws, also if it is not exactly one */
export function selectOne<C extends Selectable>(
  conditions: readonly C[],
  selection: Selection,
  list: OwnLine = ownLine('conditions'),
): C {
  const found = select(conditions, selection, list);
  const [only] = found;
  if (only === undefined) throw new UnknownCondition('There is no condition.', list);
  if (found.length > 1)
    throw new UnknownCondition(
      `${found.length} conditions match; name one of them:${candidates(found)}`,
      list,
    );
  return only;
}

/** Whether the name could mean the condition: by an id, the beginning of one, or a pattern. */
export const couldMean = (name: string, id: string): boolean =>
  isPattern(name) ? matcher(name)(id) : beginnings(name).some((beginning) => id.startsWith(beginning));

/** The selected ones of the conditions of parameters.json. @throws UnknownCondition, and what `where` throws */
export const selectConditions = (
  conditions: readonly Condition[],
  selection: Selection,
): readonly Condition[] => select(conditions.map(selectable), selection).map(({ given }) => given);

/** The one selected condition of parameters.json. @throws UnknownCondition, and what `where` throws, also if it is not
 * exactly one */
export const selectCondition = (conditions: readonly Condition[], selection: Selection): Condition =>
  selectOne(conditions.map(selectable), selection).given;

/** The conditions that are named one by one, not by a pattern. */
export function namedOneByOne(conditions: readonly Condition[], { names }: Selection): readonly Condition[] {
  const single = names.filter((name) => !isPattern(name));
  return single.length === 0 ? [] : selectConditions(conditions, { ...everything, names: single });
}

const selectable = (given: Condition) => ({ id: given.id, given });

/** Whether one condition is named: then its output is shown as it is. */
export const namesOne = ({ names }: Selection): boolean => names.length === 1 && !names.some(isPattern);

const isPattern = (name: string): boolean => /[*?]/.test(name);

const isCurrent = ({ isOld }: Selectable): boolean => isOld !== true;

function namedBy<C extends Selectable>(all: readonly C[], name: string, list: OwnLine): readonly C[] {
  const exact = all.find(({ id }) => id === name);
  if (exact) return [exact];
  if (all.length === 0) throw new UnknownCondition(`No condition ${name}: the experiment has none.`, list);
  const current = all.filter(isCurrent);
  if (isPattern(name)) {
    const isMeant = ({ id }: C) => matcher(name)(id);
    const found = current.some(isMeant) ? current.filter(isMeant) : all.filter(isMeant);
    if (found.length === 0) throw new UnknownCondition(`No condition fits the pattern ${name}.`, list);
    return found;
  }
  // A dash as typed takes precedence over one that replaces other characters.
  const found = beginnings(name)
    .map((beginning) => begunBy(current, beginning) ?? begunBy(all, beginning))
    .find((one) => one !== null);
  if (!found) throw new UnknownCondition(unknown(name, all), list);
  if (found.length === 1) return found;
  throw new UnknownCondition(
    `${found.length} conditions begin with ${name}. Write more of the one that you mean, or '${name}*' for all of them:${candidates(found)}`,
    list,
  );
}

/** Those whose id begins so, or the one with exactly that slug; null: none. */
function begunBy<C extends Selectable>(all: readonly C[], beginning: string): readonly C[] | null {
  const found = all.filter(({ id }) => id.startsWith(beginning));
  const whole = found.filter(({ id }) => slugOf(id) === beginning);
  if (found.length === 0) return null;
  return whole.length === 1 ? whole : found;
}

/** As typed, and as in an id: `lr-0.1` and `--lr 0.1` as `lr-0-1`. */
const beginnings = (name: string): string[] => [name, dashed(name)].filter((text) => text !== '');

const slugOf = (id: string): string => id.replace(/-[0-9a-f]{10}$/, '');

/** `*` is any text, `?` one character; the rest as in an id. The hash at the end may be omitted. */
function matcher(pattern: string): (id: string) => boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[^a-z0-9*?]+/g, '-')
    .replace(/^-/, '')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const whole = new RegExp(`^${source}$`);
  return (id) => whole.test(id) || whole.test(slugOf(id));
}

/** Older sweeps are searched only if this one has no match. */
function newestFitting<C extends Selectable>(all: readonly C[], where: ConditionFilter): readonly C[] {
  const known = all.filter(({ given }) => given !== null);
  const current = known.filter(isCurrent);
  const older = known.filter((one) => !isCurrent(one));
  if (current.length === 0 || older.length === 0) return where.fitting(known);
  try {
    return where.fitting(current);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    try {
      return where.fitting(older);
    } catch {
      throw error;
    }
  }
}

function candidates(found: readonly Selectable[]): string {
  const shown = found.slice(0, MOST_CANDIDATES).map(({ id }) => `\n  ${id}`);
  const more = found.length - shown.length;
  return `${shown.join('')}${more > 0 ? `\n  and ${more} more` : ''}`;
}

function unknown(name: string, all: readonly Selectable[]): string {
  const meant = begunLike(
    name,
    all.map(({ id }) => id),
  );
  return `No condition is called ${name || '""'}.${meant === null ? '' : ` Did you mean ${meant}?`}`;
}

/** The id whose beginning is most like it; null: none is like it. */
function begunLike(name: string, ids: readonly string[]): string | null {
  const starts = ids.map((id) => id.slice(0, name.length));
  const found = nearest(name, starts);
  return found === null ? null : (ids[starts.indexOf(found)] ?? null);
}
