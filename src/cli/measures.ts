import type { JobReport } from '../machines/job-state.js';

/** A job's measures that are numbers, by name, in the order of the file: its summary, or else the latest values, and what
 * "metrics" finds; the objective first, also where only the latest values have it. */
export function measuresOf(
  report: JobReport | null,
  objective: string | null = null,
): ReadonlyMap<string, number> {
  const all = { ...report?.measure, ...report?.summary };
  const shown = report?.summary ?? report?.measure ?? {};
  const first = objective !== null && Object.hasOwn(all, objective) ? { [objective]: all[objective] } : {};
  const values = { ...first, ...shown, ...report?.metrics, ...shown };
  return new Map(
    Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** A number for comparison: an integer whole, others with at least four significant digits and all those before the
 * point. */
export function measureText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  const before = Math.floor(Math.log10(Math.abs(value))) + 1;
  return String(Number(value.toPrecision(Math.min(15, Math.max(4, before + 1)))));
}
