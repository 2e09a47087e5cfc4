import { ownLine, UserError } from '../errors.js';
import { nearest } from '../phrases.js';
import type { Condition } from './condition.js';

const MOST_CANDIDATES = 10;

/** A name that fits no condition, or several. */
export class UnknownCondition extends UserError {
  constructor(message: string) {
    super(message, [ownLine('conditions')], { exit: 2 });
  }
}

/**
 * The conditions that a person names, each by its id or by the beginning of its id that only it has. They come in
 * the order of `conditions`, each once.
 *
 * @throws UserError for a name that fits none, with the nearest, or several, with those
 */
export function selectConditions<C extends Pick<Condition, 'id'>>(
  conditions: readonly C[],
  wanted: readonly string[],
): readonly C[] {
  const chosen = new Set(wanted.map((name) => named(conditions, name)));
  return conditions.filter((condition) => chosen.has(condition));
}

function named<C extends Pick<Condition, 'id'>>(conditions: readonly C[], name: string): C {
  const exact = conditions.find(({ id }) => id === name);
  if (exact) return exact;
  if (conditions.length === 0) throw new UnknownCondition(`No condition ${name}: the experiment has none.`);
  const candidates = name === '' ? [] : conditions.filter(({ id }) => id.startsWith(name));
  const [only] = candidates;
  if (only === undefined) {
    const meant = begunLike(
      name,
      conditions.map(({ id }) => id),
    );
    const asked = meant === null ? '' : ` Did you mean ${meant}?`;
    throw new UnknownCondition(`No condition is called ${name || '""'}.${asked}`);
  }
  if (candidates.length === 1) return only;
  const shown = candidates.slice(0, MOST_CANDIDATES).map(({ id }) => `\n  ${id}`);
  const more = candidates.length - shown.length;
  throw new UnknownCondition(
    `${candidates.length} conditions begin with ${name}. Write more of the one that you mean:${shown.join('')}${
      more > 0 ? `\n  and ${more} more` : ''
    }`,
  );
}

/** The id whose beginning is most like it; null: none is like it. */
function begunLike(name: string, ids: readonly string[]): string | null {
  const beginnings = ids.map((id) => id.slice(0, name.length));
  const found = nearest(name, beginnings);
  return found === null ? null : (ids[beginnings.indexOf(found)] ?? null);
}
