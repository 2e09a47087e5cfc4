import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import output from '../../../src/cli/output.schema.json' with { type: 'json' };
import parameters from '../../../src/experiment/parameters.schema.json' with { type: 'json' };
import receipt from '../../../src/runs/record.schema.json' with { type: 'json' };

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Generator {
  referencePages(from: {
    commands: Record<string, unknown>;
    parameters: unknown;
    receipt: unknown;
    output: unknown;
  }): Record<string, string>;
}
const { referencePages } = (await import(`${root}docs/generate.js`)) as Generator;

/** From the sources, so that no build can be out of date. */
async function commandClasses(): Promise<Record<string, unknown>> {
  const files = readdirSync(`${root}src/commands`).sort();
  const classes = await Promise.all(
    files.map(async (file) => {
      const { default: command } = (await import(`${root}src/commands/${file}`)) as {
        default: { readonly baseFlags: object; readonly flags: object };
      };
      // As the manifest has them.
      const flags = { value: { ...command.baseFlags, ...command.flags } };
      return [basename(file, '.ts'), Object.create(command, { flags })] as const;
    }),
  );
  return Object.fromEntries(classes);
}

const pages = referencePages({ commands: await commandClasses(), parameters, receipt, output });

describe('docs/reference', () => {
  it.each(Object.keys(pages))('%s says what the code says (npm run build && npm run docs)', (name) => {
    expect(readFileSync(`${root}docs/reference/${name}`, 'utf8')).toBe(pages[name]);
  });

  it('holds nothing else', () => {
    expect(readdirSync(`${root}docs/reference`).sort()).toEqual(Object.keys(pages).sort());
  });

  it('says what every command prints with --json, and of every field what it means', async () => {
    const {
      'deploy --dry-run': _,
      'deploy --plan': __,
      'clean --hosts': ___,
      error,
      ...verbs
    } = output.properties;
    expect(Object.keys(verbs).sort()).toEqual(Object.keys(await commandClasses()).sort());
    const rows = pages['json.md']?.match(/^\| `.*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((row) => /\| +\|/.test(row))).toEqual([]);
  });

  it('names every key of parameters.json', () => {
    const named = pages['parameters.md']?.match(/(?<=^\| `)[^`]+/gm);
    expect(named).toEqual(expect.arrayContaining(Object.keys(parameters.properties)));
  });

  it('gives every field of the receipt a meaning', () => {
    const rows = pages['receipt.md']?.match(/^\| `.*$/gm) ?? [];
    const bare = rows.filter((row) => /\| +\|$/.test(row) && !row.includes('`tools.'));
    expect(rows.length).toBeGreaterThan(Object.keys(receipt.properties).length);
    expect(bare).toEqual([]);
  });
});
