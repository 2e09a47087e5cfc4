import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { TestProject } from '../support/project.js';

const pieces = [
  ...[
    '"',
    "'",
    '`',
    '$',
    '$(id)',
    '`id`',
    '$HOME',
    '\\',
    '\n',
    '\t',
    '\r',
    ' ',
    '--',
    '-',
    '/',
    '..',
    '*',
    '?',
  ],
  ...[
    '[a]',
    '~',
    '!',
    '#',
    ';',
    '&',
    '|',
    '<',
    '>',
    '{a,b}',
    '%s',
    '=',
    ':',
    ',',
    '🚂',
    'שלום',
    '\u202e',
    'é',
  ],
  ...['\u0001', '\u001b[31m', '\u007f', 'lr', '0.1'],
];

const word = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join(''));

/** The same lists each time; another seed brings others. */
const lists = fc
  .sample(fc.array(word, { maxLength: 6 }), { seed: 20261120, numRuns: 40 })
  .filter(
    (argv, place, all) => all.findIndex((one) => JSON.stringify(one) === JSON.stringify(argv)) === place,
  );

describe.skipIf(isMissing('docker', 'git'))('generated arguments', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      files: {
        'argv.sh': `printf '%s\\0' "$@" >/data/results/argv; printf '%s' "$OPTIONS" >/data/results/options\n`,
      },
      parameters: {
        experiment_command: 'sh argv.sh',
        experiment_conditions: [...lists, ['x'.repeat(100_000), 'y']],
        project_git_url: `it's "a" $(url)`,
      },
    });
  });
  afterAll(() => project.remove());

  it('arrive byte for byte, under names that are safe everywhere', async () => {
    await project.ok(['deploy', '--yes', '--wait', '--slots', '2']);
    const receipts = project.receipts();
    expect(receipts).toHaveLength(lists.length + 1);
    for (const { id, condition, argv, state } of receipts) {
      expect({ argv, state }).toMatchObject({ state: 'succeeded' });
      expect(condition).toMatch(/^[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}$/);
      expect(id).toMatch(/^\d{8}-\d{9}-[a-z0-9-]+$/);
      const bytes = argv.length === 0 ? '\0' : argv.map((one) => `${one}\0`).join('');
      expect(project.readRun(id, 'data', 'results', 'argv')).toBe(bytes);
    }
    expect(new Set(receipts.map(({ condition }) => condition)).size).toBe(receipts.length);
  });

  it('are shown without a byte that a terminal would act on', async () => {
    for (const verb of ['conditions', 'status']) {
      const text = await project.ok([verb]);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    }
  });
});
