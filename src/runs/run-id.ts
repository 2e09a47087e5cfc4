/** An id that sorts by time, in UTC to the millisecond, and says what ran: `20261120-113359042-lr-0-1-0123456789`. */
export function runId(condition: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().slice(0, 23).replaceAll(/[-:.]/g, '').split('T');
  return `${day}-${time}-${condition}`;
}

/** The condition of a run, by the run's id; null: that is no id. */
export const conditionOfRun = (id: string): string | null => /^\d{8}-\d{9}-(.+)$/.exec(id)?.[1] ?? null;
