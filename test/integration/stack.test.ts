import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synthesize } from '../../stacks/synthesize.js';
import { isMissing } from '../support/engines.js';
import { hostileWords } from '../support/hostile-words.js';
import { machine, plans } from '../support/stack-plans.js';
import { offline, providerMirror, terraform } from '../support/terraform.js';

const golden = fileURLToPath(new URL('../golden/stacks/', import.meta.url));
const files = readdirSync(golden);

interface Validation {
  readonly valid: boolean;
  readonly diagnostics: readonly { severity: string; summary: string; range?: { filename: string } }[];
}

describe.skipIf(isMissing('terraform', 'aws-provider'))('Terraform with its AWS provider', () => {
  let folder: string;
  let said: Validation;

  // Starting the provider takes seconds: one Terraform looks at all stacks, each a module.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'logistician-stacks-'));
    const stacks = Object.fromEntries(files.map((file) => [file, readFileSync(golden + file, 'utf8')]));
    const [first] = files;
    // That the real provider looks is shown by something that it cannot take.
    const wrong = (stacks[first ?? ''] ?? '').replace('"http_tokens": "required"', '"http_tokens": "often"');
    const all = { ...stacks, wrong };
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'cdk.tf.json'), text);
    }
    const modules = Object.keys(all).map((name) => [name.replaceAll('.', '-'), { source: `./${name}` }]);
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify({ module: Object.fromEntries(modules) }));
    const env = offline(folder, providerMirror());
    terraform(folder, env, 'init', '-backend=false', '-input=false', '-no-color');
    said = JSON.parse(terraform(folder, env, 'validate', '-json')) as Validation;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const about = (name: string) =>
    said.diagnostics
      .filter(({ range }) => range?.filename.startsWith(`${name}/`))
      // True of a module, which this is only here.
      .filter(({ summary }) => summary !== 'Backend configuration ignored');

  it.each(files)('accepts %s, without a warning', (file) => {
    expect(about(file)).toEqual([]);
  });

  it('complains of nothing else', () => {
    expect(about('wrong')).toMatchObject([{ severity: 'error' }]);
    expect(said.diagnostics.filter(({ severity }) => severity === 'error')).toEqual(about('wrong'));
  });
});

describe.skipIf(isMissing('terraform'))('Terraform itself', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'logistician-texts-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads every text of a stack as it was written', () => {
    const like = [
      '${a}',
      '$${a}',
      '$$${a}',
      '%{a}',
      '%%{a}',
      '$%{a}',
      '%${a}',
      '$',
      '$$',
      'a$',
      '%',
      '$ {',
      '$\n{',
    ];
    const texts = [
      ...hostileWords,
      ...like,
      ...like.map((text) => `"${text}"\\`),
      '//',
      '__proto__',
      '\u2028',
    ];
    const tags = Object.fromEntries(texts.filter((text) => text !== '').map((text) => [text, text]));
    const plan = { ...plans['on-demand'], tags, machines: [{ ...machine, userData: texts.join('\n') }] };
    const { resource } = JSON.parse(synthesize(plan as (typeof plans)[string]));
    const { tags: written, user_data } = resource.aws_instance[machine.condition];
    const output = { tags: { value: written }, userData: { value: user_data } };
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify({ output }));
    const env = offline(folder, null);
    terraform(folder, env, 'apply', '-auto-approve', '-input=false', '-json');
    const read = JSON.parse(terraform(folder, env, 'output', '-json'));
    expect(read.userData.value).toBe(texts.join('\n'));
    expect(read.tags.value).toMatchObject(tags);
  });
});
