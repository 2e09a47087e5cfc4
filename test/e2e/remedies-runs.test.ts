import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, pasteAnyhow, proposed, refusedBy, toldBy, tried } from '../support/remedy.js';
import { Terminal } from '../support/terminal.js';

const id = '20250101000000-abcdef';

// What is proposed about runs: those that there are, what they have left, and where it goes.
describe.skipIf(isLeftOut('docker', 'git'))('N6: what is proposed about runs', () => {
  let project: TestProject;
  let at: { cwd: string; env: NodeJS.ProcessEnv };

  beforeAll(() => {
    const measuring = 'mkdir -p /data/measures; echo \'{"epoch": 1, "loss": 2}\' >/data/measures/train.jsonl';
    project = new TestProject({
      files: {
        'job.sh': `[ "$1" != --fail ] || { echo 1 >/data/measures/accuracy.txt; exit 1; }\n${measuring}\necho "$2" >/data/results/rate.txt\n`,
      },
      parameters: { experiment_conditions: ['--lr 1'] },
    });
    at = { cwd: project.experiment, env: { ...project.env, PATH: `${binOf(project)}:${process.env.PATH}` } };
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  const refused = (...words: string[]) => refusedBy(project, words, at);
  const real = { really: true };

  it('NoRuns: one is made', async () => {
    const [line = '', ...others] = proposed('NoRuns', await refused('last'));
    expect(others).toEqual([]);
    await paste(`${line} -o '--lr 1'`, { ...at, ...real });
    expect(await refused('last')).toBe(null);
  });

  it('UnknownRun: all are listed', async () => {
    const [line = '', ...others] = proposed('UnknownRun', await refused('describe', 'nothing'));
    expect([await paste(line, at), others]).toEqual([expect.stringContaining(project.runs[0] ?? '-'), []]);
  });

  it('OneRun: two are compared', async () => {
    await project.ok(['run', '-o', '--lr 1']);
    const [line = '', ...others] = proposed('OneRun', await refused('compare', 'last'));
    expect(others).toEqual([]);
    await paste(line, at);
  });

  it('NoSeries: the one that it has is shown', async () => {
    const [line = '', ...others] = proposed('NoSeries', await refused('measures', '--series', 'trian'));
    expect([await paste(line, at), others]).toEqual(['epoch,loss\n1,2\n', []]);
  });

  it('NoOutputOfRun: what it has is shown, and collected', async () => {
    const lines = proposed('NoOutputOfRun', await refused('output', 'last', 'rates.txt'));
    expect(lines).toHaveLength(2);
    const [look = '', sync = ''] = lines;
    expect(await paste(look, at)).toContain('results');
    await paste(sync, at);
  });

  it('FolderExists: it goes to another folder, or over the files of the same names', async () => {
    const words = ['output', 'last', 'rate.txt', '--output', 'rate.txt'];
    expect(await refused(...words)).toBe(null);
    const lines = proposed('FolderExists', await refused(...words));
    expect(lines).toHaveLength(2);
    for (const line of lines) await paste(line, at);
  });

  it('NotOneFile: one of the files goes to standard output, or the folder as an archive', async () => {
    const { lines } = await toldBy(project, 'NotOneFile', ['output', 'last', '-o', '-'], at);
    expect(lines).toHaveLength(2);
    expect(await paste(lines[0] ?? '', at)).toBe('1\n');
    expect(await paste(`${lines[1]} | tar -t`, at)).toContain('./rate.txt\n');
  });

  it('a reader of standard output that leaves is no failure', async () => {
    truncateSync(project.run(project.runs.at(-1), 'data', 'results', 'rate.txt'), 2 ** 24);
    const line = 'set -o pipefail; logistician output last rate.txt -o - --quiet | head -c 1';
    expect(await pasteAnyhow(line, at)).toEqual({ code: 0, stdout: '1', stderr: '' });
  });

  it('ArchiveOnTerminal: it goes to a file', async () => {
    for (const to of [['-o', '-'], ['-o-'], ['--output=-']]) {
      const screen = Terminal.logistician(
        project,
        ['export', project.experiment, 'last', ...to],
        undefined,
        {},
        500,
      );
      expect(await screen.ended).toBe(2);
      const refusal = { name: 'ArchiveOnTerminal', message: screen.text, suggestions: tried(screen.text) };
      const [line = '', ...others] = proposed('ArchiveOnTerminal', refusal);
      expect(others).toEqual([]);
      await paste(`${line} --quiet && tar -tf run.tar && rm run.tar`, at);
    }
  });

  it('commands/export.ts: the best is looked for', async () => {
    await project.cli(['run', '-o', '--fail 1']);
    const words = ['export', '--best', '--by', 'accuracy', '-o', 'best.tar'];
    const lines = proposed('commands/export.ts', await refused(...words));
    expect(lines).toHaveLength(1);
    expect(await paste(lines[0] ?? '', at)).toMatch(/^RANK +loss /);
  });

  it('commands/create.ts: the URL of the remote is shown', async () => {
    project.repository.git('remote', 'add', 'origin', 'https://example.org/project.git');
    const words = ['create', '../two', '--yes', '--command', 'x', '--git-url', 'a b'];
    const [line = '', ...others] = proposed('commands/create.ts', await refused(...words));
    expect([await paste(line, at), others]).toEqual(['https://example.org/project.git\n', []]);
  });

  it('cli/deploy-view.ts: a message in short', async () => {
    const words = ['deploy', '--dry-run', '--commit', 'HEAD', '--message', 'x'.repeat(1001)];
    const [line = '', ...others] = proposed('cli/deploy-view.ts', await refused(...words));
    expect(others).toEqual([]);
    await paste(`${line} --commit HEAD`, at);
  });

  it('LiveOfVersion1: its containers are shown, and its record is put aside', async () => {
    const record = join(project.experiment, '.logistician', 'deployment.json');
    rmSync(join(record, '..'), { recursive: true, force: true });
    project.repository.write({
      'experiments/one/.logistician/deployment.json': JSON.stringify({
        schema: 1,
        released: null,
        target: 'local',
        id,
      }),
    });
    const words = ['deploy', '--dry-run', '--commit', 'HEAD'];
    const lines = proposed('LiveOfVersion1', await refused(...words));
    for (const line of lines) await paste(line, at);
    expect(await refused(...words)).toBe(null);
  });
});
