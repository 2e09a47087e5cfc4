import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { readParameters } from '../../../src/experiment/parameters.js';
import schema from '../../../src/experiment/parameters.schema.json' with { type: 'json' };

interface Documented {
  description?: string;
  default?: unknown;
}
const keys = Object.entries<Documented>(schema.properties);

describe('parameters.schema.json', () => {
  it('is a sound JSON Schema', () => {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true });
    ajv.addVocabulary(['x-expected']);
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(() => ajv.compile(schema)).not.toThrow();
  });

  it.each(keys)('describes %s in sentences', (_, { description }) => {
    expect(description).toMatch(/^[A-Z].*[.]$/);
  });

  it('gives defaults that it takes itself, and that are those of a file without them', () => {
    const defaults = Object.fromEntries(
      keys.flatMap(([key, { default: value }]) => (value === undefined ? [] : [[key, value]])),
    );
    const named = { experiment_name: 'e', target: 'local' };
    expect(readParameters(JSON.stringify({ ...named, ...defaults }), 'p')).toEqual(
      readParameters(JSON.stringify(named), 'p'),
    );
  });
});
