/** An id that sorts by time, in UTC to the millisecond, and names the condition:
 * `20261120-113359042-lr-0-1-0123456789`. */
export function runId(condition: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().slice(0, 23).replaceAll(/[-:.]/g, '').split('T');
  return `${day}-${time}-${condition}`;
}

/** The time in a run's id; null: not a valid time. */
export function timeOfRun(id: string): Date | null {
  const [, day, time, ms] = /^(\d{4}\d{2}\d{2})-(\d{6})(\d{3})-/.exec(id) ?? [];
  if (!day || !time) return null;
  const [date, clock] = [day.replace(/^(....)(..)/, '$1-$2-'), time.replace(/^(..)(..)/, '$1:$2:')];
  const at = new Date(`${date}T${clock}.${ms}Z`);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** The time in a run's id, as it stands there: `20261120-113359042`. */
export const stampOfRun = (id: string): string => id.slice(0, '20261120-113359042'.length);

/** The condition in a run's id; null: not an id. */
export const conditionOfRun = (id: string): string | null => /^\d{8}-\d{9}-(.+)$/.exec(id)?.[1] ?? null;

/** Whether the text has the form of a run's id, so that it is a folder's name and not a path out of runs/. */
export const isRunId = (text: string): boolean =>
  /^\d{8}-\d{9}-[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}$/.test(text);
