/** An id that sorts by time, in UTC to the millisecond, and says what ran: `20261120-113359042-lr-0-1-0123456789`. */
export function runId(condition: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().slice(0, 23).replaceAll(/[-:.]/g, '').split('T');
  return `${day}-${time}-${condition}`;
}

/** The condition of a run, by the run's id; null: that is no id. */
export const conditionOfRun = (id: string): string | null => /^\d{8}-\d{9}-(.+)$/.exec(id)?.[1] ?? null;

/** Whether the text has the form of a run's id: it then is the name of a folder, and no path out of runs/. */
export const isRunId = (text: string): boolean =>
  /^\d{8}-\d{9}-[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}$/.test(text);
