// Pure: points in time as people write them.

const units = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Parses a point in time: a date, with a time or without, local unless it names a zone; how long ago (`90s`, `10m`,
 * `2h`, `3d`, `2w`); `today`, `yesterday` or the name of a day for its beginning.
 * @returns null for none of them. */
export function parseMoment(text: string, now: Date): Date | null {
  const ago = /^(\d+)([smhdw])$/.exec(text);
  if (ago)
    return valid(new Date(now.getTime() - Number(ago[1]) * units[ago[2] as keyof typeof units] * 1000));
  const day = dayNamed(text.toLowerCase(), now);
  if (day !== null) return new Date(now.getFullYear(), now.getMonth(), now.getDate() - day);
  // JavaScript would read a number without a unit as a year or a month.
  if (/^\d*$/.test(text)) return null;
  // It reads a date alone as UTC, and a date with a time as local.
  return valid(new Date(/^\d{4}(?:-\d{2}){1,2}$/.test(text) ? `${text}T00:00` : text));
}

const valid = (date: Date): Date | null => (Number.isNaN(date.getTime()) ? null : date);

/** How many days ago; null: not a name of a day. */
function dayNamed(word: string, now: Date): number | null {
  if (word === 'today') return 0;
  if (word === 'yesterday') return 1;
  const day = days.indexOf(word);
  return day < 0 ? null : (now.getDay() - day + 7) % 7;
}
