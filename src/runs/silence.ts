import { existsSync, readFileSync } from 'node:fs';
import { writeAtomically } from '../shell/atomic-file.js';

/** silent.json: since when places of a deployment have not answered, ISO 8601 by name. */
interface SilenceRecord {
  readonly deployment: string;
  readonly since: Readonly<Record<string, string>>;
}

/** Notes which places of a deployment do not answer now.
 *  @param path of silent.json. @param asked which ones were asked; of the others is known what was known.
 *  @param silent those of them that did not answer
 *  @returns since when each place has not answered, by name */
export function noteSilence(
  path: string,
  deployment: string,
  { asked, silent }: { readonly asked: readonly string[]; readonly silent: readonly string[] },
  now: Date,
  readOnly: boolean,
): ReadonlyMap<string, Date> {
  const before = sinceOf(path, deployment);
  const unasked = Object.entries(before).filter(([name]) => !asked.includes(name));
  const still = silent.map((name): [string, string] => [name, before[name] ?? now.toISOString()]);
  const since = Object.fromEntries([...unasked, ...still]);
  if (!readOnly && JSON.stringify(before) !== JSON.stringify(since))
    writeAtomically(path, `${JSON.stringify({ deployment, since })}\n`);
  return new Map(Object.entries(since).map(([name, date]) => [name, new Date(date)]));
}

/** A file that cannot be read says nothing: the silence begins anew. */
function sinceOf(path: string, deployment: string): SilenceRecord['since'] {
  if (!existsSync(path)) return {};
  try {
    const noted = JSON.parse(readFileSync(path, 'utf8')) as Partial<SilenceRecord>;
    const valid = Object.entries(noted.since ?? {}).filter(([, date]) => !Number.isNaN(Date.parse(date)));
    return noted.deployment === deployment ? Object.fromEntries(valid) : {};
  } catch {
    return {};
  }
}
