import { existsSync, readFileSync } from 'node:fs';
import { writeAtomically } from '../shell/atomic-file.js';

/** silent.json: since when places of a deployment have been unreachable, ISO 8601 by name. */
interface SilenceRecord {
  readonly deployment: string;
  readonly since: Readonly<Record<string, string>>;
}

/** Records which places of a deployment are unreachable now.
 * @param path of silent.json.
 * @param asked the polled places; the records of others stay.
 * @param silent those of them that are unreachable
 * @returns since when each place has been unreachable, by name */
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

/** An unreadable file counts as empty: times start from now. */
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
