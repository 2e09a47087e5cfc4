import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import schema from '../../src/runs/run.schema.json' with { type: 'json' };
import type { RunRecord } from '../../src/runs/run-record.js';

const ajv = new Ajv({
  allErrors: true,
  allowUnionTypes: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
});
const validate = ajv.compile<RunRecord>(schema);

/** What is wrong with a receipt by its schema; nothing, if it is sound. */
export function receiptProblems(value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}

/** The receipt at the path. @throws Error if it is none by its schema */
export function expectReceipt(path: string): RunRecord {
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const problems = receiptProblems(record);
  if (problems.length > 0) throw new Error(`${path} is no sound receipt:\n${problems.join('\n')}`);
  return record as RunRecord;
}
