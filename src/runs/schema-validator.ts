import { Ajv } from 'ajv';
import options from './ajv-options.json' with { type: 'json' };
import current from './record.schema.json' with { type: 'json' };
import version1 from './record-1.schema.json' with { type: 'json' };

/** Validates receipts by their schemas. The build replaces this module with compiled validators, to save start-up time.
 * Fields unknown to version 1 are removed; fields unknown to version 2 stay. */
const ajv = new Ajv(options);
export const validateRecord = ajv.compile(current);
export const validateVersion1 = ajv.compile(version1);
