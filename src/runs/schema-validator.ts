import { Ajv } from 'ajv';
import options from './ajv-options.json' with { type: 'json' };
import current from './record.schema.json' with { type: 'json' };
import version1 from './record-1.schema.json' with { type: 'json' };

/** Check receipts by their schemas. The build puts compiled forms in the place of this module, so that no command waits
 *  for them. Fields that version 1 does not know are taken away; those that version 2 does not know stay. */
const ajv = new Ajv(options);
export const validateRecord = ajv.compile(current);
export const validateVersion1 = ajv.compile(version1);
