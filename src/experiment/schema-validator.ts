import { Ajv } from 'ajv';
import options from './ajv-options.json' with { type: 'json' };
import schema from './parameters.schema.json' with { type: 'json' };

/** Checks the settings of a parameters.json by the schema. The build puts its compiled form in the place of
 *  this module, so that no command waits for it. */
export const validate = new Ajv(options).compile(schema);
