import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { Terminal } from '../support/terminal.js';

const golden = (name: string) => fileURLToPath(new URL(`../golden/screens/${name}.txt`, import.meta.url));

/** The row with what cannot be the same twice in fixed words and columns. */
const lasting = (row: string, project: TestProject): string =>
  row
    .replaceAll(project.root, '/home/ada/project')
    .replaceAll(/\b\d{8}-\d{9}-/g, '20261120-120000000-')
    .replaceAll(/(?<= )(?:\d+m )?<?\d+s(?= |$)/g, (time) => 'Ns'.padEnd(time.length))
    .replaceAll(project.name, 'digits')
    .replace(/^(machines +).*/, '$1laptop, 2 slots')
    .replaceAll(/(?<=commit +|\()[0-9a-f]{10}\b/g, 'c0ffee0000')
    .trimEnd();

/** @param name of the file that keeps the screen, which UPDATE_GOLDEN writes again */
function same(name: string, rows: readonly string[], project: TestProject): void {
  // How old a run is takes more columns after a minute.
  const hasAge = rows.some((row) => row.includes(' AGE '));
  const shown = rows.map((row) =>
    hasAge ? lasting(row, project).replaceAll(/ {3,}/g, '  ') : lasting(row, project),
  );
  const text = `${shown.join('\n')}\n`;
  const file = golden(name);
  if (process.env.UPDATE_GOLDEN && !(existsSync(file) && readFileSync(file, 'utf8') === text)) {
    mkdirSync(fileURLToPath(new URL('../golden/screens', import.meta.url)), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe.skipIf(isMissing('docker', 'git'))('what people look at', () => {
  let project: TestProject;
  const job = [
    'mkdir -p "$LOGISTICIAN_MEASURES_DIRECTORY"',
    'echo "epoch 1 of 2"',
    '[ "$2" != 0.3 ] || { echo "RuntimeError: loss is NaN"; exit 3; }',
    'printf \'{"accuracy": 0.953712, "loss": %s1234}\' "$2" > "$LOGISTICIAN_SUMMARY_MEASURES_PATH"',
    'echo "epoch 2 of 2, done"',
  ].join('\n');

  beforeAll(async () => {
    project = new TestProject({
      parameters: {
        experiment_command: 'sh job.sh',
        experiment_conditions: [],
        experiment_grid: { lr: [0.1, 0.3], seed: [1, 2], epochs: 2 },
      },
      files: { 'job.sh': job },
    });
    await project.cli(['deploy', '--yes', '--wait']);
  });
  afterAll(() => project?.remove());

  async function screen(columns: number, ...words: string[]): Promise<string[]> {
    const terminal = Terminal.logistician(project, words, undefined, {}, columns);
    await terminal.ended;
    return terminal.rows();
  }

  it.each([60, 80, 140, 200])('status, %i columns wide', async (columns) => {
    const rows = await screen(columns, 'status');
    same(`status-${columns}`, rows, project);
    for (const row of rows) expect(row).not.toMatch(/0\.9…|0\.\d*…/);
  });

  it('status in a pipe: nothing is cut', async () => {
    const { stdout } = await project.cli(['status'], { env: { COLUMNS: '' } });
    expect(stdout).not.toContain('…');
    same('status-pipe', stdout.trimEnd().split('\n'), project);
  });

  it.each([60, 80, 140])('the question of deploy, %i columns wide', async (columns) => {
    const terminal = Terminal.logistician(project, ['deploy', '--force'], undefined, {}, columns);
    await terminal.shows('Run these?');
    terminal.interrupt();
    await terminal.ended;
    same(`deploy-question-${columns}`, await terminal.rows(), project);
  });

  it('run, 80 columns wide: a row a command, and the job between them', async () => {
    const rows = await screen(80, 'run', '-o', '--lr 0.1');
    const shown = rows.filter((row) => !row.startsWith('# docker run'));
    expect(shown.filter((row) => row.startsWith('$ ')).length).toBeLessThan(12);
    expect(shown.filter((row) => !row.startsWith('$ '))[0]).toMatch(/^epoch 1 of 2/);
    expect(rows.length).toBeLessThan(16);
    const quiet = await screen(80, 'run', '--quiet', '-o', '--lr 0.1');
    expect(quiet[0]).toMatch(/^epoch 1 of 2/);
    expect(quiet.slice(0, 2)).toHaveLength(2);
    expect(quiet.filter((row) => /^[$#] /.test(row))).toEqual([]);
  });

  it.each([60, 80])('errors, %i columns wide: no row is wrapped without an indentation', async (columns) => {
    same(`error-${columns}`, await screen(columns, 'logs', 'no-such-condition-of-this-experiment'), project);
  });

  slow.each([60, 80])('N16: sync says what came now, %i columns wide', async (columns) => {
    same(`sync-${columns}`, await screen(columns, 'sync'), project);
  });
});
