import prettyMilliseconds from 'pretty-ms';

/** A length of time as people say it shortly: `42s`, `3m 5s`, `2h 14m`, `3d 4h`. */
export const duration = (milliseconds: number): string =>
  prettyMilliseconds(Math.max(0, milliseconds), { unitCount: 2, secondsDecimalDigits: 0 });

/** The time between two moments, or from one until now; '' where the first is not known. */
export function between(from: string | null | undefined, to: string | null | undefined, now: Date): string {
  if (!from) return '';
  return duration((to ? new Date(to) : now).getTime() - new Date(from).getTime());
}

/** A point in time as a person gives it: a date, or how long ago (`90s`, `10m`, `2h`, `3d`).
 *  @returns null for neither. */
export function parseSince(text: string, now: Date): Date | null {
  const ago = /^(\d+)([smhd]?)$/.exec(text);
  // A number without a unit would be a year, or a month, to JavaScript.
  if (ago && ago[2] === '') return null;
  const unit = ago ? { s: 1, m: 60, h: 3600, d: 86_400 }[ago[2] as 's' | 'm' | 'h' | 'd'] : 0;
  const date = ago ? new Date(now.getTime() - Number(ago[1]) * unit * 1000) : new Date(text);
  return Number.isNaN(date.getTime()) ? null : date;
}
