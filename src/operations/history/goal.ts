import { join } from 'node:path';
import type { Objective } from '../../history/best.js';
import { readBounded } from '../../runs/bounded-file.js';

/** What parameters.json says an experiment is after, read without its conditions; null: nothing, or it cannot be read,
 * which other verbs tell. @param folder the experiment's */
export function objectiveIn(folder: string): Objective | null {
  const { objective, goal } = settingsIn(folder);
  if (typeof objective !== 'string' || objective === '') return null;
  return { name: objective, goal: goal === 'minimize' ? 'minimize' : 'maximize' };
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
