/** An id that sorts by time, in UTC to the second, and says what ran: `20261120-113359-lr-0-1-0123456789`. */
export function runId(condition: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${day}-${time}-${condition}`;
}

/** The condition of a run, by the run's id; null: that is no id. */
export const conditionOfRun = (id: string): string | null => /^\d{8}-\d{6}-(.+)$/.exec(id)?.[1] ?? null;
