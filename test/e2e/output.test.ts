import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { type OutputName, outputProblems } from '../support/output.js';
import { TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { Terminal } from '../support/terminal.js';

const commands = fileURLToPath(new URL('../../src/commands/', import.meta.url));
const verbs = readdirSync(commands).map((file) => file.replace('.ts', ''));
const escapeCode = '\u001b';

/** What help says, and what it must say; with UPDATE_GOLDEN=1 the file is written again. */
function expectGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../golden/help/${name}.txt`, import.meta.url));
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text, 'UPDATE_GOLDEN=1 accepts what it is now').toBe(readFileSync(path, 'utf8'));
}

describe('help, at 80 columns', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({ bare: true });
  });
  afterAll(() => project.remove());

  const help = (words: readonly string[]) =>
    project.ok(words, { env: { NO_COLOR: '1', COLUMNS: '80' }, cwd: project.root });

  it('of all', async () => {
    const text = await help(['--help']);
    expectGolden('all', text.replace(/logistician\/\S+ \S+ \S+/, 'logistician/VERSION PLATFORM NODE'));
    for (const verb of verbs) expect(text).toMatch(new RegExp(`^  ${verb} `, 'm'));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(verbs)('of %s', async (verb) => {
    const text = await help([verb, '--help']);
    expectGolden(verb, text);
    // Lines to paste are never broken.
    const lines = text.split('\n').filter((line) => !line.startsWith('  $ '));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(text).toContain('EXAMPLES\n');
  });

  it('--version says which', async () => {
    expect(await help(['--version'])).toMatch(/^logistician\/\d+\.\d+\.\d+ \S+ node-v\d+/);
  });
});

describe.skipIf(isMissing('docker', 'git'))('what programs read', () => {
  let project: TestProject;

  beforeAll(async () => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1', '--fail 7'] } });
  });
  afterAll(() => project.remove());

  it.each<[OutputName, readonly string[]]>([
    ['validate', []],
    ['conditions', []],
    ['completion', ['fish']],
    ['doctor', []],
    ['setup', ['--yes']],
    ['create', ['../two', '--yes', '--command', 'x']],
    ['build', []],
    ['run', ['-o', '--lr 1']],
    ['status', []],
    ['deploy --dry-run', ['--snapshot']],
    ['deploy', ['--snapshot', '--yes', '--wait']],
    ['status', ['--all']],
    ['sync', []],
    ['stop', []],
    ['terminate', ['--yes']],
    ['status', []],
  ])('%s --json %j: JSON alone on standard output, as docs/reference/json.md has it', async (name, words) => {
    const { stdout } = await project.cli([...name.split(' '), ...words, '--json']);
    expect(outputProblems(name, JSON.parse(stdout))).toEqual([]);
  });

  it.each<[string, number, readonly string[]]>([
    ['NoSuchFolder', 1, ['status', './nowhere']],
    ['UnknownCondition', 2, ['status', 'nowhere']],
    ['NoExperiment', 1, ['deploy', '..']],
    ['WrongUsage', 2, ['deploy', '--targt', 'local']],
    ['WrongUsage', 2, ['deploy', '--slots', 'x']],
    ['NoSuchFolder', 125, ['run', 'nowhere']],
  ])('an error, %s, is JSON too, and the exit code is %i', async (name, code, words) => {
    const { stdout, code: ended } = await project.cli([...words, '--json']);
    const said = JSON.parse(stdout) as { error: { name: string } };
    expect(outputProblems('error', said)).toEqual([]);
    expect([said.error.name, ended]).toEqual([name, code]);
  });

  it('logs --json: an object a line; shell --json: the exit code', async () => {
    const lines = (await project.ok(['logs', '--json'])).trim().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.flatMap((line) => outputProblems('logs', JSON.parse(line)))).toEqual([]);
    const { code, stdout } = await project.cli(['shell', '--json'], { input: 'echo hello; exit 4\n' });
    expect({ code, out: JSON.parse(stdout) }).toEqual({ code: 4, out: { exit_code: 4 } });
  });

  it('every verb has --json', () => {
    const without = verbs.filter(
      (verb) =>
        !readFileSync(new URL(`../golden/help/${verb}.txt`, import.meta.url), 'utf8').includes('--json'),
    );
    expect(without).toEqual([]);
  });

  slow('has no escape sequence in a pipe, colours wanted or not', async () => {
    for (const verb of ['status', 'sync', 'conditions', 'validate', 'logs', 'doctor', 'deplyo'])
      await project.cli([verb]);
    await project.cli(['deploy', '--snapshot', '--yes', '--wait', '--force']);
    await project.cli(['deploy', '--forse']);
    expect(project.said.length).toBeGreaterThan(30);
    expect(project.said.filter((text) => text.includes(escapeCode))).toEqual([]);
  });

  it('has no colours at a terminal with NO_COLOR, and has them without', async () => {
    const show = async (env: NodeJS.ProcessEnv) => {
      const screen = Terminal.logistician(project, ['status'], project.experiment, env);
      expect(await screen.ended).toBe(0);
      return screen;
    };
    const plain = await show({ NO_COLOR: '1' });
    expect(plain.raw).not.toContain(`${escapeCode}[`);
    const coloured = await show({});
    expect(coloured.raw).toContain(`${escapeCode}[32m`);
    // Both are older by the second look.
    const words = ({ text }: Terminal) => text.replaceAll(/( *\b\d+[smh]\b)+ */g, ' AGE ').split(/ +/);
    expect(words(coloured)).toEqual(words(plain));
  });

  slow('shows a hostile line of a job as plain text', async () => {
    project.setParameters({
      experiment_command: `printf 'bad \\033]0;title\\007\\033[2J\\033[31mred\\rover\\n'; :`,
      experiment_conditions: ['x'],
    });
    await project.cli(['deploy', '--snapshot', '--yes', '--wait']);
    const { stdout } = await project.cli(['status']);
    expect(stdout).not.toContain(escapeCode);
    expect(stdout).toMatch(/^x-[0-9a-f]{10} +succeeded .*over/m);
    await project.ok(['terminate', '--yes']);
    await project.quiet();
  });

  slow('shell takes its commands from a pipe', async () => {
    const { code, stdout } = await project.cli(['shell'], { input: 'pwd; ls job.sh; exit 4\n' });
    expect({ code, stdout }).toEqual({ code: 4, stdout: '/project\njob.sh\n' });
    const bare = await project.cli(['shell', '--no-volume'], { input: 'ls -d /project\n' });
    expect(bare.code).not.toBe(0);
    await project.quiet();
  });
});
