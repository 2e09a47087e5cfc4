import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { hostileWords } from '../support/hostile-words.js';
import { killHard, type StatusOutput, TestProject } from '../support/project.js';
import { scratchFolder } from '../support/repository.js';
import { slow } from '../support/slow.js';
import { training } from '../support/training.js';
import { until } from '../support/until.js';

const support = fileURLToPath(new URL('../support/', import.meta.url));
const folder = join(support, 'processes-target');

/** The spools of a project's deployments. */
const spools = ({ stateFolder }: TestProject) =>
  readdirSync(stateFolder).flatMap((name) =>
    name.startsWith('processes-') ? [join(stateFolder, name)] : [],
  );

/** Kills what works on the queue, and nothing that it has started. */
function killSupervisor(project: TestProject): void {
  const [spool = ''] = spools(project);
  killHard(Number.parseInt(readFileSync(join(spool, 'supervisor'), 'utf8'), 10));
}

const runOf = ({ conditions }: StatusOutput, condition: string): string =>
  conditions.find((row) => row.condition.startsWith(condition))?.run ?? 'none';

describe('a fourth target', () => {
  it('is at most eight files and one line elsewhere', () => {
    expect(readdirSync(folder, { recursive: true }).length).toBeLessThanOrEqual(8);
    const line = /^const line = `(.*)`;$/m.exec(
      readFileSync(join(support, 'package-with-processes.js'), 'utf8'),
    );
    expect(line?.[1]?.match(/\\n/g)).toHaveLength(1);
  });
});

describe.skipIf(isMissing('docker', 'git'))('jobs as plain processes, without any container engine', () => {
  const scratch = scratchFolder();
  const packageFolder = join(scratch, 'package');
  let sweep: TestProject;
  let bad: TestProject;

  beforeAll(() => {
    execFileSync(process.execPath, [join(support, 'package-with-processes.js'), packageFolder]);
    sweep = new TestProject({
      package: packageFolder,
      files: { 'train.sh': training.program },
      parameters: {
        target: 'processes',
        experiment_command: `${training.command} --seed 1`,
        experiment_conditions: [
          '--lr 0.01 --epochs 3',
          '--optimizer sgd --lr 0.01 --epochs 3',
          '--lr -1',
          '--epochs 1000000',
        ],
      },
    });
    bad = new TestProject({
      package: packageFolder,
      files: {
        'job.sh': `case $1 in
  --hold) exec sleep 1000 ;;
  --stubborn) trap '' TERM; while :; do sleep 0.3; done ;;
esac
cd "$LOGISTICIAN_OUTPUT_DIRECTORY"
for word; do printf '%s\\0' "$word"; done >argv
printf %s "$OPTIONS" >options
cat "$LOGISTICIAN_INPUT_DIRECTORY/words/one" >input
`,
        'words/one': 'an input\n',
      },
      parameters: {
        target: 'processes',
        inputs: { words: '../../words' },
        experiment_conditions: [[...hostileWords], '--hold 1', '--hold 2', '--stubborn 1'],
      },
    });
  });
  afterAll(async () => {
    await sweep?.remove();
    await bad?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  const without = (project: TestProject) => ({
    PATH: project.pathWithout('docker'),
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  });
  const cli = (project: TestProject, ...words: readonly string[]) =>
    project.cli(words, { env: without(project) });
  const ok = (project: TestProject, ...words: readonly string[]) =>
    project.ok(words, { env: without(project) });
  const status = (project: TestProject) => project.json(['status'], { env: without(project) });
  const states = async (project: TestProject) =>
    (await status(project)).conditions.map(({ state, reason }) => (reason ? `${state} (${reason})` : state));

  it('validate and doctor know it', async () => {
    expect(await ok(sweep, 'validate')).toContain('target processes');
    expect(await ok(sweep, 'doctor')).toMatch(/^ok +processes +\d+ at a time here$/m);
    const { code, stdout } = await cli(bad, 'doctor', '--json');
    expect({
      code,
      found: JSON.parse(stdout).findings.map(({ what }: { what: string }) => what),
    }).toMatchObject({
      code: 0,
      found: expect.arrayContaining(['processes']),
    });
  });

  it('deploy --dry-run prints lines and does nothing', async () => {
    const { code, stderr } = await cli(sweep, 'deploy', '--dry-run');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/^\$ .*supervisor\.mjs begin /m);
    expect(stderr).not.toMatch(/^\$ .*docker (build|run)/m);
    expect(sweep.runs).toEqual([]);
  });

  it('deploy delivers the sweep, pinned, and does not stay', async () => {
    const { code, stdout, stderr } = await cli(sweep, 'deploy', '--yes', '--slots', '3');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('3 at a time, as plain processes');
    expect(stderr).toMatch(new RegExp(`^\\$ .*fetch-pack .*${sweep.repository.head} > /dev/null$`, 'm'));
    expect(sweep.runs).toHaveLength(4);
  });

  it('status and logs -f follow it; what it leaves stays away until it is collected', async () => {
    const said = await ok(sweep, 'logs', 'lr-0-01', '-f');
    expect(said).toMatch(/accuracy 0\.\d+ on 450 numbers\n$/);
    await until('three have ended', async () => {
      const { conditions } = await status(sweep);
      return conditions.filter(({ state }) => ['succeeded', 'failed'].includes(state ?? '')).length === 3;
    });
    const now = await status(sweep);
    expect(await states(sweep)).toEqual(['succeeded', 'succeeded', 'failed (exit)', 'running']);
    expect(existsSync(sweep.run(runOf(now, 'lr-0-01'), 'data'))).toBe(false);
    expect(await ok(sweep, 'logs', 'lr-1', '--tail', '1')).toContain('--lr must be more than 0');
  });

  it('a queue whose supervisor was killed goes on, and takes up the job that runs', async () => {
    const before = (await status(sweep)).conditions[3];
    killSupervisor(sweep);
    const { code, stderr } = await cli(sweep, 'status');
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('supervisor.mjs begin'),
    });
    expect((await status(sweep)).conditions[3]).toMatchObject({ run: before?.run, state: 'running' });
  });

  it('ssh opens its checkout, and refuses a container plainly', async () => {
    expect(await ok(sweep, 'ssh', 'epochs', '--', 'git', 'rev-parse', 'HEAD')).toBe(
      `${sweep.repository.head}\n`,
    );
    const { code, stderr } = await cli(sweep, 'ssh', 'epochs', '--container');
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('runs in no container'),
    });
  });

  it('sync collects what there is so far', async () => {
    const run = runOf(await status(sweep), 'epochs');
    await ok(sweep, 'sync', '--only', 'measures');
    expect(readdirSync(sweep.run(run, 'data'))).toEqual(['measures']);
    expect(sweep.readRun(run, 'data', 'measures', 'epochs.jsonl')).toContain('"epoch": 1,');
    await ok(sweep, 'sync');
    expect(readdirSync(sweep.run(run, 'data'))).toContain('logs');
    expect(sweep.receipt(run).collected).toBeNull();
  });

  it('stop lets a job save its state', async () => {
    await ok(sweep, 'stop', 'epochs');
    expect((await status(sweep)).conditions[3]).toMatchObject({
      state: 'stopped',
      reason: 'user',
      exit_code: 143,
    });
  });

  it('deploy --wait collects everything, with receipts', async () => {
    const { code, stdout } = await cli(sweep, 'deploy', '--wait', '--only', 'lr-0', '--only', 'optimizer');
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('2 succeeded, 1 failed'),
    });
    for (const { id, state, engine, image, collected, container_line } of sweep.receipts()) {
      expect({ engine, image }).toMatchObject({ engine: { name: 'process' }, image: { id: null } });
      expect(container_line).toMatch(/^cd .* && env -i /);
      expect(collected).not.toBeNull();
      const has = (...path: string[]) => existsSync(sweep.run(id, 'data', ...path));
      if (state === 'succeeded') expect(has('results', 'predictions.csv')).toBe(true);
      if (state === 'stopped') expect(has('state', 'training.txt')).toBe(true);
    }
    expect(await ok(sweep, 'logs', 'epochs')).toContain('state saved');
  });

  it('--retry-failed runs what has failed again', async () => {
    const failed = runOf(await status(sweep), 'lr-1');
    // L15
    writeFileSync(sweep.run(failed, 'data', 'state', 'kept'), 'kept\n');
    const { code, stdout } = await cli(sweep, 'deploy', '--retry-failed', '--wait', '--yes');
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('1 of 4 conditions') });
    expect(sweep.runs).toHaveLength(5);
    expect(sweep.receipt().recipe.continues).toEqual({ run: failed, attempt: 2 });
    expect(sweep.receipt().container_line).toContain('LOGISTICIAN_ATTEMPT=2');
    expect(sweep.readRun(sweep.runs.at(-1), 'data', 'state', 'kept')).toBe('kept\n');
  });

  it('terminate leaves the results, and nothing else', async () => {
    await ok(sweep, 'terminate', '--yes');
    expect(spools(sweep)).toEqual([]);
    await sweep.quiet();
    expect((await status(sweep)).deployment?.released).not.toBeNull();
    expect(sweep.receipts().map(({ state }) => state)).not.toContain('lost');
  });

  slow('a job has its arguments byte for byte, its input, and the end that it is given', async () => {
    await ok(bad, 'deploy', '--yes', '--slots', '4');
    await until('three run', async () => {
      const all = await states(bad);
      return all[0] === 'succeeded' && all.slice(1).every((state) => state === 'running');
    });
    const [first] = (await status(bad)).conditions;
    await ok(bad, 'sync');
    const result = (name: string) => bad.readRun(first?.run ?? '', 'data', 'results', name);
    expect(result('argv').split('\0').slice(0, -1)).toEqual(hostileWords);
    expect(result('input')).toBe('an input\n');
    const shell = [
      '-c',
      `eval "set -- $(cat "$1")"; printf '%s\\0' "$@"`,
      'sh',
      bad.run(first?.run ?? '', 'data/results/options'),
    ];
    expect(execFileSync('sh', shell).toString().split('\0').slice(0, -1)).toEqual(hostileWords);
    await ok(bad, 'stop', 'stubborn', '--grace', '1');
    expect((await status(bad)).conditions[3]).toMatchObject({ state: 'stopped', exit_code: 137 });
  });

  slow('a job whose folder has gone is lost; terminate ends the rest', async () => {
    const [spool = ''] = spools(bad);
    const run = runOf(await status(bad), 'hold-2');
    rmSync(join(spool, 'jobs', run), { recursive: true, force: true });
    expect(await states(bad)).toContain('lost (gone)');
    await ok(bad, 'terminate', '--yes');
    expect((await states(bad)).filter((state) => state === 'stopped (user)')).toHaveLength(2);
    expect(spools(bad)).toEqual([]);
  });

  it('says plainly what a plain process cannot have', async () => {
    bad.setParameters({
      target: 'processes',
      docker_run_args: ['--privileged'],
      experiment_conditions: ['--lr 1'],
    });
    const { code, stderr } = await cli(bad, 'deploy', '--yes');
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('runs no containers'),
    });
  });
});
