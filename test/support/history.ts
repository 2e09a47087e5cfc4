import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunRecord } from '../../src/runs/record.js';
import { receiptOf, recipeOf } from './receipts.js';

interface Left {
  /** Contents of files below data/, by path. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly changes?: Partial<RunRecord>;
}

/** Writes a run with these arguments, as if it had succeeded some minutes after noon. @returns its id */
export function writeRun(
  experiment: string,
  options: string,
  minute: number,
  { files = {}, changes }: Left = {},
): string {
  const recipe = changes?.recipe ?? recipeOf(options);
  const time = (second: number) => new Date(Date.UTC(2026, 10, 20, 12, minute, second)).toISOString();
  const stamp = time(0).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const id = `${stamp}000-${recipe.condition.id}`;
  const times = { created: time(0), started: time(1), finished: time(3) };
  const folder = join(experiment, 'runs', id);
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(experiment, 'runs', '.gitignore'), '*\n');
  writeFileSync(
    join(folder, 'run.json'),
    `${JSON.stringify(receiptOf(options, { id, recipe, ...times, ...changes }), null, 2)}\n`,
  );
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'data', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return id;
}

export const summary = (values: object) => ({ 'measures/summary.json': JSON.stringify(values) });
