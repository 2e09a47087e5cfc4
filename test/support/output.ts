import { Ajv } from 'ajv';
import schema from '../../src/cli/output.schema.json' with { type: 'json' };
import receipt from '../../src/runs/record.schema.json' with { type: 'json' };
import { receiptProblems } from './receipts.js';

const ajv = new Ajv({
  allErrors: true,
  inlineRefs: false,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
});
ajv.addSchema(receipt, 'record.schema.json');
ajv.addSchema(schema, 'output.schema.json');

export type OutputName = keyof typeof schema.properties;

/** What is wrong with what a command printed with --json; nothing, if it is as documented. */
export function outputProblems(name: OutputName, value: unknown): string[] {
  // Which refers to the schema of the receipt.
  if (name === 'run' || name === 'describe') return receiptProblems(value);
  const pointer = `output.schema.json#/properties/${encodeURIComponent(name)}`;
  const validate = ajv.getSchema(pointer);
  if (!validate) throw new Error(`no schema ${pointer}`);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
  );
}
