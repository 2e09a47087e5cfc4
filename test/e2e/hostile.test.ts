import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { actsOnTerminal, hostileSequences } from '../support/hostile-words.js';
import { TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { Terminal } from '../support/terminal.js';

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

  slow('arrive byte for byte, under names that are safe everywhere', async () => {
    await project.ok(['deploy', '--yes', '--wait', '--slots', '2']);
    const receipts = project.receipts();
    expect(receipts).toHaveLength(lists.length + 1);
    for (const { id, condition, recipe, state } of receipts) {
      const { argv } = recipe.condition;
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

describe.skipIf(isMissing('docker', 'git'))('T15: a hostile tree at a terminal', () => {
  let project: TestProject;
  const open: Terminal[] = [];
  /** What a name of a file, a branch or a measure may hold. */
  const bad = hostileSequences
    .filter((text) => Buffer.from(text).toString() === text && !text.includes('\0') && !text.includes('/'))
    .join(' ');
  /** git's own rules leave a branch these. */
  const branch = 'b\u202e\u009b35m\u009d52;c;eA==\u009c';
  const clipboard = '\u001b]52;c;cm0gLXJmIH4=\u0007';

  beforeAll(async () => {
    project = new TestProject({
      files: {
        'measures.json': JSON.stringify({ [bad]: 1, [`x${bad}`]: 0.5 }),
        'experiments/one/Dockerfile': `FROM ${baseImage}\nRUN printf '\\033]52;c;eA==\\007\\033[35mbuilt\\n'\n`,
        [`experiments/${clipboard}/Dockerfile`]: 'FROM scratch\n',
        [`experiments/${clipboard}/parameters.json`]: '{"experiment_name": "x"}\n',
        'experiments/two/Dockerfile': 'FROM scratch\n',
        'experiments/two/parameters.json': JSON.stringify({ experiment_name: bad, [bad]: bad, gpus: bad }),
      },
      parameters: {
        experiment_command: `cp measures.json /data/measures/summary.json; cat said; :`,
        experiment_conditions: [
          ['--lr', '1', bad],
          ['--lr', '2'],
        ],
        environment: { BAD: bad },
      },
    });
    project.repository.write({ said: `${bad}\n` });
    project.repository.commit('Second');
    project.repository.git('checkout', '--quiet', '-b', branch);
    project.repository.git('config', 'remote.origin.url', `https://example.org/${clipboard}`);
  });
  afterAll(async () => {
    for (const one of open) one.kill();
    await project.ok(['terminate', '--yes']);
    await project.quiet();
    await project.remove();
  });

  /** All that the terminal was sent. */
  const shown = async (words: readonly string[], cwd?: string, columns = 200): Promise<string> => {
    const screen = Terminal.logistician(project, words, cwd, {}, columns);
    open.push(screen);
    await screen.ended;
    return screen.raw;
  };

  it.each<[string, readonly string[], string]>([
    ['a build, and lines of commands', ['deploy', '--yes', '--wait'], 'succeeded'],
    ['the plan: branch, arguments', ['deploy', '--force', '--dry-run'], 'b\\u{202e}\\u009b35m'],
    ['measures and the last line', ['status'], '\\u001b]52;c;'],
    ['the live table', ['status', '--watch'], 'succeeded'],
    ['arguments', ['conditions'], '\\u001b[35mmagenta'],
    ['a file that is sound', ['validate'], 'is valid'],
    ['what there is', ['doctor'], 'ok'],
    ['what is collected', ['sync'], 'have data in'],
    ['a condition that is none', ['stop', bad], 'Error:'],
    ['a folder that is none', ['status', `../${bad}`], 'Error:'],
    ['a flag that is none', ['status', `--${bad}`], 'Error:'],
    ['a verb that is none', [bad], 'Error:'],
    ['a word too many', ['deploy', '.', bad], 'Error:'],
    ['a path that is none', ['sync', '--only', `../${bad}`], 'Error:'],
    ['a time that is none', ['logs', '--since', bad], 'Error:'],
    ['experiments to choose from', ['status', '..'], 'Error:'],
  ])('%s', async (_, words, has) => {
    const raw = await shown(words);
    expect(actsOnTerminal(raw)).toBe(null);
    expect(raw).toContain(has);
  });

  slow('problems of a parameters.json, its keys and values', async () => {
    for (const words of [['validate'], ['doctor'], ['deploy'], ['status', '--json']]) {
      const raw = await shown(words, `${project.root}/experiments/two`);
      expect(actsOnTerminal(raw)).toBe(null);
      expect(raw).toMatch(/\\u001b|\\\\u001b/);
    }
  });

  slow('an experiment whose folder has such a name', async () => {
    const folder = `${project.root}/experiments/${clipboard}`;
    for (const words of [['validate'], ['conditions'], ['status'], ['deploy', '--dry-run']])
      expect(actsOnTerminal(await shown(words, folder))).toBe(null);
    for (const verb of ['validate', 'status', 'deploy'])
      expect(actsOnTerminal(await shown([verb, folder], project.root))).toBe(null);
  });

  it('a question, and its proposal', async () => {
    const screen = Terminal.logistician(project, ['create', `experiments/${clipboard}3`], project.root);
    open.push(screen);
    await screen.shows('Name');
    screen.enter('three');
    await screen.shows('Remote of the project');
    screen.interrupt();
    expect(await screen.ended).toBe(130);
    expect(actsOnTerminal(screen.raw)).toBe(null);
  });

  slow('JSON', async () => {
    for (const words of [['status'], ['conditions'], ['deploy', '--force', '--dry-run']])
      expect(actsOnTerminal(await shown([...words, '--json']))).toBe(null);
  });

  it('the log of one is the job’s own, byte for byte', async () => {
    expect(await project.ok(['logs', 'lr-2'])).toBe(`${bad}\n`);
    const both = await project.ok(['logs']);
    expect(both.split(bad)).toHaveLength(3);
  });
});
