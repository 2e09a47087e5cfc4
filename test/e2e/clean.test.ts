import { execFileSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { TestProject } from '../support/project.js';

interface Cleaned {
  readonly bytes: number;
  readonly runs: readonly { readonly run: string; readonly bytes: number }[];
  readonly images: readonly { readonly id: string }[];
  readonly kept: Readonly<Record<string, number>>;
  readonly removed: boolean;
}

describe.skipIf(isMissing('docker', 'git'))('clean', () => {
  let project: TestProject;

  const job = [
    'head -c 100000 /dev/zero >"$LOGISTICIAN_OUTPUT_DIRECTORY/model.bin"',
    'echo "{\\"accuracy\\": $2}" >"$LOGISTICIAN_MEASURES_DIRECTORY/summary.json"',
    'echo done',
    '[ "$2" != 0.3 ]',
  ].join('\n');

  beforeAll(async () => {
    project = new TestProject({
      files: { 'job.sh': `${job}\n` },
      parameters: { experiment_conditions: ['--lr 0.1', '--lr 0.2', '--lr 0.3'], objective: 'accuracy' },
    });
    await project.cli(['deploy', '--yes', '--wait']);
    await project.ok(['terminate', '--yes']);
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  const cleaned = (...words: string[]) => project.json<Cleaned>(['clean', ...words]);
  const runOf = (condition: string) => project.runs.find((run) => run.includes(condition)) ?? '';
  const has = (run: string, ...path: string[]) => existsSync(project.run(run, ...path));

  it('wants to be told which runs, and shows before it removes', async () => {
    expect((await project.cli(['clean'])).code).toBe(2);
    expect((await project.cli(['clean', '--older-than', 'soon'])).code).toBe(2);
    const unknown = await project.cli(['clean', '--state', 'fialed']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('failed')]);
    const { code, stdout, stderr } = await project.cli(['clean', '--state', 'failed']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/lr-0-3-\w+ +failed +\d+s +101 kB\n\n101 kB in 1 run/);
    expect(stderr).toContain('clean --state failed --yes');
    expect(has(runOf('lr-0-3'), 'data', 'results', 'model.bin')).toBe(true);
    expect(await cleaned('--state', 'failed', '--dry-run')).toMatchObject({ removed: false });
    expect(has(runOf('lr-0-3'), 'data', 'results', 'model.bin')).toBe(true);
  });

  it('keeps receipts, measures and logs, and what history says', async () => {
    const before = await project.json(['history', '--json']);
    expect(await cleaned('--state', 'failed', '--yes')).toMatchObject({
      removed: true,
      runs: [{ run: runOf('lr-0-3') }],
    });
    const run = runOf('lr-0-3');
    expect(readdirSync(project.run(run, 'data')).sort()).toEqual([
      'config',
      'input',
      'logs',
      'measures',
      'state',
    ]);
    expect(project.readRun(run, 'data', 'logs', 'docker.txt')).toBe('done\n');
    expect(await project.json(['history', '--json'])).toEqual(before);
    // The others are whole, and so is the image, which they have.
    expect(has(runOf('lr-0-2'), 'data', 'results', 'model.bin')).toBe(true);
    expect(await cleaned('--state', 'failed', '--yes')).toMatchObject({ removed: false, runs: [] });
  });

  it('keeps the best, and what another run refers to', async () => {
    await project.ok(['rerun', 'lr-0.1', '--yes', '--wait']);
    const found = await cleaned('--keep-best', '1', '--yes');
    expect(found.runs).toEqual([{ run: project.runs.at(-1), bytes: expect.any(Number) }]);
    expect(found.kept).toEqual({ 'another run refers to it': 1, 'among the best': 1 });
  });

  it('follows no link that a job has left', async () => {
    const run = runOf('lr-0-2');
    const outside = join(project.scratch, 'outside');
    execFileSync('mkdir', [outside]);
    writeFileSync(join(outside, 'precious'), 'x'.repeat(1000));
    symlinkSync(outside, project.run(run, 'data', 'results', 'link'));
    await cleaned('--where', 'lr=0.2', '--yes');
    expect(existsSync(join(outside, 'precious'))).toBe(true);
    expect(has(run, 'data', 'results')).toBe(false);
    // In place of a folder of the run: nothing is removed through it.
    rmSync(project.run(run, 'data', 'state'), { recursive: true, force: true });
    renameSync(project.run(run, 'data'), join(project.scratch, 'data'));
    symlinkSync(join(project.scratch, 'data'), project.run(run, 'data'));
    writeFileSync(join(project.scratch, 'data', 'more'), 'x'.repeat(1000));
    await cleaned('--where', 'lr=0.2', '--yes');
    expect(existsSync(join(project.scratch, 'data', 'more'))).toBe(true);
  });

  it('keeps a run that is an input of a run of another experiment', async () => {
    await project.ok(['deploy', '--yes', '--wait', '--', '--lr', '0.7']);
    const [model, next] = [runOf('lr-0-7'), join(project.root, 'experiments', 'two')];
    expect(has(model, 'data', 'results', 'model.bin')).toBe(true);
    await project.ok(['create', next, '--base', project.experiment, '--yes']);
    const path = join(next, 'parameters.json');
    const settings = JSON.parse(readFileSync(path, 'utf8')) as object;
    const inputs = { model: `../one/runs/${model}/data/results` };
    writeFileSync(path, JSON.stringify({ ...settings, inputs, experiment_conditions: ['--lr 0.1'] }));
    project.repository.commit('Chain them');
    await project.ok(['deploy', next, '--yes', '--wait']);
    const [run = ''] = project.runsIn(next);
    expect(project.receiptIn(next, run).recipe.inputs).toMatchObject({ model: { run: model } });
    const { kept, runs } = await cleaned('--where', 'lr=0.7', '--receipts', '--yes');
    expect(runs.map((one) => one.run)).not.toContain(model);
    expect(kept).toMatchObject({ 'an input of another run': 1 });
    expect(has(model, 'data', 'results', 'model.bin')).toBe(true);
    // Once that run is gone, nothing keeps it.
    expect(await project.json(['clean', next, '--keep-last', '0', '--receipts', '--yes'])).toMatchObject({
      runs: [{ run }],
    });
    expect((await cleaned('--where', 'lr=0.7', '--dry-run')).kept).toEqual({});
  });

  it('removes runs whole where that is asked for, and the image with the last of them', async () => {
    const image = project.receipt(runOf('lr-0-1')).image.id ?? '';
    const { images } = await cleaned('--keep-last', '0', '--receipts', '--yes');
    // The first run of --lr 0.1 is repeated by another one.
    expect(images).toEqual([]);
    expect(project.runs).toHaveLength(1);
    expect((await cleaned('--keep-last', '0', '--receipts', '--yes')).images).toEqual([
      expect.objectContaining({ id: image }),
    ]);
    expect(project.runs).toEqual([]);
    expect(() => execFileSync('docker', ['image', 'inspect', image], { stdio: 'ignore' })).toThrow();
  });
});
