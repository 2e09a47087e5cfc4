import prettyMilliseconds from 'pretty-ms';

/** A duration in short: `<1s`, `42s`, `3m 5s`, `2h 14m`, `3d 4h`. */
export const duration = (milliseconds: number): string =>
  milliseconds < 1000 ? '<1s' : prettyMilliseconds(milliseconds, { unitCount: 2, secondsDecimalDigits: 0 });

/** The time between two moments, or from one until now; '' if the first is unknown. */
export function between(from: string | null | undefined, to: string | null | undefined, now: Date): string {
  if (!from) return '';
  return duration((to ? new Date(to) : now).getTime() - new Date(from).getTime());
}

/** How old something is; `in 3d 4h` where a clock was ahead; '' if its time is unknown. */
export function age(time: string | null, now: Date): string {
  const ahead = time === null ? 0 : new Date(time).getTime() - now.getTime();
  return ahead > 5_000 ? `in ${duration(ahead)}` : between(time, null, now);
}
