import { join } from 'node:path';
import type { Objective } from '../../history/best.js';
import { readBounded } from '../../runs/bounded-file.js';
import type { Metrics } from '../../runs/measures/scrape.js';

/** What parameters.json says of measures. */
export interface MeasureSettings {
  /** null: none is set. */
  readonly objective: Objective | null;
  /** Regular expressions of measures in the log, by name. */
  readonly metrics: Metrics;
}

/** Reads them without the conditions, of which there may be many. What cannot be read counts as not set: other verbs tell
 * of it. @param folder the experiment's */
export function measureSettings(folder: string): MeasureSettings {
  const { objective, goal, metrics } = settingsIn(folder);
  const name = typeof objective === 'string' ? objective.trim() : '';
  const isObject = typeof metrics === 'object' && metrics !== null;
  const patterns = Object.entries(isObject ? metrics : {}).filter(
    ([, pattern]) => typeof pattern === 'string',
  );
  return {
    objective: name === '' ? null : { name, goal: goal === 'minimize' ? 'minimize' : 'maximize' },
    metrics: Object.fromEntries(patterns),
  };
}

function settingsIn(folder: string): Readonly<Record<string, unknown>> {
  try {
    const text = readBounded(join(folder, 'parameters.json'))?.bytes.toString('utf8') ?? '{}';
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
