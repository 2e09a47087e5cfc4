import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { lasting, printed } from '../support/printed.js';
import { TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

describe.skipIf(isMissing('docker', 'git'))('the print is the truth', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      parameters: {
        experiment_conditions: ['--lr 0.1', ['--name', `it's "quoted" $HOME`]],
        environment: { GREETING: 'hello world' },
      },
    });
  });
  afterAll(() => project.remove());

  const dryRun = async (...words: string[]) =>
    lasting(printed((await project.cli([...words, '--dry-run'])).stderr));
  const issued = (folder: string) => readFileSync(join(folder, 'commands.sh'), 'utf8');

  it('run: what a dry run prints is what the real run issues', async () => {
    project.repository.write({ 'new.txt': 'not committed\n' });
    const dry = await dryRun('run', '-o', '--lr 0.5');
    await project.ok(['run', '-o', '--lr 0.5']);
    expect(lasting(issued(project.run(project.runs.at(-1))))).toBe(dry);
    expect(dry).toContain('docker run --env');
  });

  slow('run --clone: likewise', async () => {
    const dry = await dryRun('run', '--clone');
    await project.ok(['run', '--clone']);
    expect(lasting(issued(project.run(project.runs.at(-1))))).toBe(dry);
  });

  slow('deploy --snapshot, stop and terminate: likewise', async () => {
    const dry = await dryRun('deploy', '--snapshot');
    await project.ok(['deploy', '--snapshot', '--yes', '--wait']);
    expect(lasting(issued(project.stateFolder))).toBe(dry);

    project.setParameters({ experiment_conditions: ['--hold 1'] });
    await project.ok(['deploy', '--snapshot', '--yes']);
    await project.holding('hold-1');
    const drily = await dryRun('stop');
    const { stderr } = await project.cli(['stop']);
    expect(lasting(printed(stderr.slice(0, stderr.indexOf('\nNext:'))))).toContain(drily.split('\n')[0]);

    const dryTerminate = await dryRun('terminate', '--yes');
    // The screen names long texts, which the file has whole.
    const before = issued(project.stateFolder);
    await project.ok(['terminate', '--yes']);
    expect(lasting(issued(project.stateFolder).slice(before.length))).toBe(dryTerminate);
  });

  slow('N4: build, shell and setup: likewise, and they say that they would', async () => {
    project.repository.write({ 'experiments/one/Dockerfile': 'FROM debian:bookworm-slim\nRUN true\n' });
    const lines = (stderr: string) =>
      lasting(printed(stderr))
        .replaceAll(/(logistician-shell-[a-z0-9-]+)-\d+/g, '$1-PID')
        .split('\n')
        .filter((line) => /^(GIT_|cp |git |docker |ssh-keygen )/.test(line));
    const dryly = await project.json<Record<string, unknown>>(['setup', '--dry-run']);
    expect(dryly).toMatchObject({ dry_run: true, key_made: false, would_make_key: true });
    const unbuilt = await project.json<Record<string, unknown>>(['build', '--dry-run']);
    expect(unbuilt).toMatchObject({ dry_run: true, id: null, built: false, would_build: true });
    for (const words of [['build'], ['shell'], ['setup', '--yes']]) {
      const dry = lines((await project.cli([...words, '--dry-run'])).stderr);
      const real = lines((await project.cli(words, { input: 'true\n' })).stderr);
      expect(real).toEqual(dry);
      expect(real.length).toBeGreaterThan(0);
    }
  });

  it('a dry run, pasted into sh from /, is a deployment by hand', async () => {
    project.setParameters({
      experiment_conditions: ['--lr 0.25', ['--name', `it's "quoted" $HOME`, '']],
      environment: { GREETING: 'hello world' },
    });
    project.repository.commit('For the paste');
    const before = project.runs.length;
    const { stderr } = await project.cli(['deploy', '--dry-run', '--yes']);
    expect(project.runs.length).toBe(before);
    execFileSync('sh', ['-c', printed(stderr)], { cwd: '/', env: project.env, stdio: 'pipe' });
    const runs = project.runs.slice(before);
    expect(runs).toHaveLength(2);
    const stateOf = (id: string) =>
      JSON.parse(readFileSync(project.jobFolder(id, 'state.json'), 'utf8')).state as string;
    await until('both have succeeded', () => runs.every((id) => stateOf(id) === 'succeeded'));
    const said = runs.map((id) => readFileSync(project.logOf(id), 'utf8'));
    expect(said.sort()).toEqual([`hello --name it's "quoted" $HOME \n`, 'the rate is 0.25\n']);
  });
});
