import { ownLine, UserError } from '../errors.js';
import { dashed } from '../experiment/condition-id.js';
import { nearest } from '../phrases.js';
import { conditionOfRun, stampOfRun } from './run-id.js';

// Pure: which run a word means.

/** A word that names no run, or several. */
export class UnknownRun extends UserError {
  constructor(message: string) {
    super(message, [ownLine('history')], { exit: 2 });
  }
}

const mostCandidates = 10;

/** The run that a word names: an id or the beginning of one; the id of a condition or the beginning of one, for its
 * newest run; `last`, and `last~1` for the one before it.
 * @param ids of all runs, oldest first. @throws UnknownRun */
export function runNamed(word: string, ids: readonly string[]): string {
  const [, back] = /^last(?:~(\d{1,9}))?$/.exec(word) ?? [];
  if (ids.length === 0) throw new UnknownRun('Nothing has run yet.');
  if (/^last(~|$)/.test(word)) {
    const found = word === 'last' ? ids.at(-1) : ids.at(-1 - Number(back));
    if (word !== 'last' && back === undefined)
      throw new UnknownRun(`${word} names no run: last~1 is the one before the last.`);
    if (found === undefined)
      throw new UnknownRun(
        `There is no ${word}: ${ids.length === 1 ? 'one run' : `${ids.length} runs`} in all.`,
      );
    return found;
  }
  if (ids.includes(word)) return word;
  const byRun = word === '' ? [] : ids.filter((id) => id.startsWith(word));
  if (byRun.length === 1) return byRun[0] ?? '';
  return newestOf(word, ids) ?? fail(word, ids, byRun);
}

/** The newest run of the one condition whose id begins so; null: no condition's does. */
function newestOf(word: string, ids: readonly string[]): string | null {
  const newest = new Map(ids.map((id) => [conditionOfRun(id) ?? '', id]));
  for (const beginning of [word, dashed(word)].filter((one) => one !== '')) {
    const found = [...newest].filter(([condition]) => condition.startsWith(beginning));
    const whole = found.filter(([condition]) => condition.replace(/-[0-9a-f]{10}$/, '') === beginning);
    const [one] = whole.length === 1 ? whole : found;
    if (one && (found.length === 1 || whole.length === 1)) return one[1];
    if (found.length > 1)
      throw new UnknownRun(
        `${found.length} conditions begin with ${word}. Write more of the one that you mean:${candidates(found.map(([condition]) => condition))}`,
      );
  }
  return null;
}

function fail(word: string, ids: readonly string[], byRun: readonly string[]): never {
  if (byRun.length > 1)
    throw new UnknownRun(
      `${byRun.length} runs begin with ${word}. Write more of the one that you mean:${candidates([...byRun].reverse())}`,
    );
  const conditions = [...new Set(ids.map((id) => conditionOfRun(id) ?? ''))];
  const known = [...conditions, ...ids].map((id) => id.slice(0, Math.max(1, word.length)));
  const meant = nearest(word, [...new Set(known)]);
  throw new UnknownRun(
    `No run is called ${word || '""'}.${meant === null ? '' : ` Did you mean ${meant}…?`}`,
  );
}

function candidates(found: readonly string[]): string {
  const more = found.length - mostCandidates;
  const lines = found.slice(0, mostCandidates).map((one) => `\n  ${one}`);
  return `${lines.join('')}${more > 0 ? `\n  and ${more} more` : ''}`;
}

/** The shortest beginnings by which the runs are named, each at least its time.
 * @param ids oldest first */
export function shortIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const common = (one: string, other = ''): number => {
    let at = 0;
    while (at < one.length && one[at] === other[at]) at++;
    return at;
  };
  return new Map(
    ids.map((id, at) => {
      const least = Math.max(common(id, ids[at - 1]), common(id, ids[at + 1])) + 1;
      return [id, id.slice(0, Math.max(least, stampOfRun(id).length))];
    }),
  );
}
