import prettyMilliseconds from 'pretty-ms';

/** A duration in short: `<1s`, `42s`, `3m 5s`, `2h 14m`, `3d 4h`. */
export const duration = (milliseconds: number): string =>
  milliseconds < 1000 ? '<1s' : prettyMilliseconds(milliseconds, { unitCount: 2, secondsDecimalDigits: 0 });

/** The time between two moments, or from one until now; '' if the first is unknown. */
export function between(from: string | null | undefined, to: string | null | undefined, now: Date): string {
  if (!from) return '';
  return duration((to ? new Date(to) : now).getTime() - new Date(from).getTime());
}

/** Parses a point in time: a date, with a time or without, local unless it names a zone; or how long ago (`90s`, `10m`,
 * `2h`, `3d`).
 * @returns null for neither. */
export function parseSince(text: string, now: Date): Date | null {
  const ago = /^(\d+)([smhd]?)$/.exec(text);
  // JavaScript would read a number without a unit as a year or a month.
  if (ago && ago[2] === '') return null;
  const unit = ago ? { s: 1, m: 60, h: 3600, d: 86_400 }[ago[2] as 's' | 'm' | 'h' | 'd'] : 0;
  // JavaScript reads a date alone as UTC, and a date with a time as local.
  const local = /^\d{4}(?:-\d{2}){0,2}$/.test(text) ? `${text}T00:00` : text;
  const date = ago ? new Date(now.getTime() - Number(ago[1]) * unit * 1000) : new Date(local);
  return Number.isNaN(date.getTime()) ? null : date;
}
