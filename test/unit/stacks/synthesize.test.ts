import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conditionId } from '../../../src/experiment/condition-id.js';
import { conditionAt, machineAddress, nameOf, tagKeys } from '../../../stacks/stack-plan.js';
import { type StackPlan, synthesize } from '../../../stacks/synthesize.js';
import { hostileWords } from '../../support/hostile-words.js';
import { machine, plans } from '../../support/stack-plans.js';

type Tags = Record<string, string>;
interface Made {
  readonly resource: {
    readonly aws_instance?: Record<string, { tags: Tags; volume_tags: Tags; user_data: string }>;
    readonly [type: string]: Record<string, Record<string, unknown>> | undefined;
  };
  readonly output?: Record<string, { value: Record<string, string> }>;
}

const plan = plans['on-demand'] as StackPlan;
const made = (changes: Partial<StackPlan>) => JSON.parse(synthesize({ ...plan, ...changes })) as Made;

/** What Terraform makes of a text: `$${` and `%%{` are escapes, anything else with `${` or `%{` would be a template. */
function asTerraformReads(text: string): string {
  expect(text).not.toMatch(/(^|[^$])\$\{|(^|[^%])%\{/);
  return text.replaceAll(/[$%](?=[$%]\{)([$%]\{)/g, '$1');
}
const read = (texts: Tags = {}): Tags =>
  Object.fromEntries(
    Object.entries(texts).map(([key, value]) => [asTerraformReads(key), asTerraformReads(value)]),
  );

/** Texts that look like Terraform's templates and like cdktf's own tokens, among any. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '$',
        '%',
        '{',
        '}',
        '${',
        '%{',
        'a',
        '"',
        '\\',
        '\n',
        '${TfToken[TOKEN.0]}',
        'e+5',
        '-1.8',
      ),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(
    ...[...hostileWords, '__proto__', 'constructor', '//', 'kept', 'kept:0', 'kept:1'],
    ...['#{TfToken[TOKEN.0]}', '&{TfToken[TOKEN.0]}', '-1.8881545897087505e+289', '${aws_instance.a.id}'],
  ),
);
const tags = fc
  .array(fc.tuple(anyText, anyText), { maxLength: 5 })
  .map((pairs): Tags => Object.fromEntries(pairs.filter(([key]) => !key.startsWith('logistician'))));

describe('synthesize', () => {
  it('keeps any text of tags, user data and key, byte for byte', () => {
    fc.assert(
      fc.property(tags, anyText, anyText, (own, userData, publicKey) => {
        const { resource } = made({ tags: own, publicKey, machines: [{ ...machine, userData }] });
        const instance = resource.aws_instance?.[machine.condition];
        const all = {
          [tagKeys.experiment]: plan.experiment,
          [tagKeys.deployment]: plan.deployment,
          [tagKeys.condition]: machine.condition,
        };
        const name = `logistician-digits-${machine.condition}-${plan.deployment}`;
        const wanted = Object.entries({ Name: name, ...own, ...all }).sort();
        expect(Object.entries(read(instance?.tags)).sort()).toEqual(wanted);
        expect(instance?.volume_tags).toEqual(instance?.tags);
        expect(asTerraformReads(instance?.user_data ?? '')).toBe(userData);
        const key = resource.aws_key_pair?.key?.public_key as string;
        expect(asTerraformReads(key)).toBe(publicKey);
      }),
    );
  });

  it('names machine and output after any condition', () => {
    const ids = fc.uniqueArray(fc.array(fc.string(), { maxLength: 4 }).map(conditionId), { maxLength: 5 });
    fc.assert(
      fc.property(ids, (conditions) => {
        const { resource, output } = made({
          machines: conditions.map((condition) => ({ ...machine, condition })),
        });
        expect(Object.keys(resource.aws_instance ?? {})).toEqual(conditions);
        expect(Object.keys(output ?? {})).toEqual(conditions);
        for (const id of conditions) {
          const instance = `\${aws_instance.${id}`;
          expect(output?.[id]?.value).toEqual({
            instance_id: `${instance}.id}`,
            public_address: `${instance}.public_ip}`,
            private_address: `${instance}.private_ip}`,
          });
          expect(conditionAt(machineAddress(id))).toBe(id);
        }
      }),
    );
  });

  it('tags all that can be tagged, and ends every name in the deployment', () => {
    const { resource } = made({ tags: { team: 'vision' } });
    for (const [type, all] of Object.entries(resource)) {
      for (const [name, one] of Object.entries(all ?? {})) {
        const own = {
          team: 'vision',
          [tagKeys.experiment]: plan.experiment,
          [tagKeys.deployment]: plan.deployment,
        };
        expect(one.tags, `${type}.${name}`).toMatchObject(own);
      }
    }
    expect(resource.aws_key_pair?.key?.key_name).toBe(nameOf(plan));
    expect(resource.aws_security_group?.group?.name).toBe(nameOf(plan));
    expect(nameOf(plan)).toMatch(new RegExp(`-${plan.deployment}$`));
  });

  it('leaves the machines that stay as they were when another goes', () => {
    const three = ['a-0000000000', 'b-0000000000', 'c-0000000000'].map((condition) => ({
      ...machine,
      condition,
    }));
    const all = made({ machines: three }).resource.aws_instance;
    const fewer = made({ machines: three.filter((_, place) => place !== 1) }).resource.aws_instance;
    expect(fewer).toEqual({ 'a-0000000000': all?.['a-0000000000'], 'c-0000000000': all?.['c-0000000000'] });
  });

  describe('in a folder of its own', () => {
    const before = process.cwd();
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'logistician-stack-'));
      process.chdir(folder);
    });
    afterAll(() => {
      process.chdir(before);
      if (existsSync(folder)) rmSync(folder, { recursive: true });
    });

    it('is the same each time, writes nothing, and names no folder, account or address', () => {
      const texts = [synthesize(plan), synthesize(plan)];
      expect(texts[0]).toBe(texts[1]);
      expect(readdirSync(folder)).toEqual([]);
      expect(texts[0]).not.toMatch(/cdktf|"endpoints?"|access_key|secret|profile|logistician-stack-/);
    });
  });
});
