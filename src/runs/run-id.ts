/** An id that sorts by time, in UTC to the second, and says what ran: `20261120-113359-lr-0-1-0123456789`. */
export function runId(condition: string, at: Date): string {
  const [day = '', time = ''] = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${day}-${time}-${condition}`;
}
