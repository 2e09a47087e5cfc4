import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';

describe.skipIf(isMissing('docker', 'git'))('in odd surroundings', () => {
  let project: TestProject;
  /** The same project where its path has all that shells and tables trip over. */
  let odd: string;

  beforeAll(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 1', '--lr 2'] } });
    odd = join(project.scratch, `my project's "ü", a:b $(id) *`);
    cpSync(project.root, odd, { recursive: true });
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  it('a path with blanks, quotes and shell signs: run, deploy, logs, terminate', async () => {
    const cwd = join(odd, 'experiments', 'one');
    expect(await project.cli(['run', '-o', '--lr 1'], { cwd })).toMatchObject({
      code: 0,
      stdout: 'the rate is 1\n',
    });
    expect(await project.cli(['deploy', '--yes', '--wait'], { cwd })).toMatchObject({ code: 0 });
    expect(await project.ok(['logs', 'lr-2'], { cwd })).toBe('the rate is 2\n');
    for (const id of project.runsIn(cwd)) expect(project.receiptIn(cwd, id).state).toBe('succeeded');
    expect(project.runsIn(cwd)).toHaveLength(3);
    expect(await project.cli(['deploy', '--snapshot', '--dry-run', '--force'], { cwd })).toMatchObject({
      code: 0,
    });
    await project.ok(['terminate', '--yes'], { cwd });
  });

  slow('a line that it prints there is a line that a shell takes there', async () => {
    const refusal = await project.cli(['deploy', 'experiments/one', '--force'], { cwd: odd });
    expect(refusal.stderr).toContain('    logistician deploy experiments/one --force --yes');
    const elsewhere = await project.cli(['deploy', join(odd, 'experiments/one'), '--force']);
    const line = /^ {4}logistician (deploy .*)$/m.exec(elsewhere.stderr)?.[1];
    expect(line).toBeDefined();
    const shell = ['sh', '-c', `for word in ${line}; do printf '%s\\n' "$word"; done`];
    const { stdout } = await project.startProgram(shell).ended;
    expect(stdout).toContain(`my project's "ü", a:b $(id) *`);
  });

  slow(
    'L8: an engine that has other files at the path of the project: refused before the job, with why',
    async () => {
      // As in a container that has the socket of the engine outside.
      const elsewhere = join(project.scratch, 'elsewhere');
      mkdirSync(elsewhere);
      const text = 'mount --bind "$1" "$2" && cd "$2/experiments/one" && shift 2 && exec "$@"';
      const as = ['unshare', '--mount', 'sh', '-c', text, 'sh', project.root, elsewhere];
      const ran = await project.cli(['run', '-o', 'x'], { as });
      expect(ran).toMatchObject({ code: 125, stdout: '' });
      expect(ran.stderr).toMatch(
        /engine does not see .*\/data: it runs on another computer, or sees other files/,
      );
      const deployed = await project.cli(['deploy', '--yes', '--wait', '--first', '1'], { as });
      expect(deployed.code).toBe(1);
      expect(deployed.stdout).toContain('the engine does not see');
      expect(project.receipts().map(({ state, reason }) => [state, reason])).toEqual([
        ['failed', 'start'],
        ['failed', 'start'],
      ]);
      expect(readdirSync(elsewhere)).toEqual([]);
      await project.cli(['terminate', '--yes'], { as });
      for (const id of project.runs) rmSync(project.run(id), { recursive: true });
    },
  );

  slow('a detached HEAD, the project a subfolder of where one stands', async () => {
    project.repository.git('checkout', '--quiet', '--detach');
    const deployed = await project.cli(['deploy', 'project/experiments/one', '--yes', '--wait'], {
      cwd: project.scratch,
    });
    expect(deployed.code).toBe(0);
    expect(deployed.stdout).toMatch(/^commit +[0-9a-f]{10} \(detached HEAD\)$/m);
    expect(project.receipt().recipe.source).toMatchObject({ branch: null, commit: project.repository.head });
    project.repository.git('checkout', '--quiet', 'main');
  });

  it('two deployments at the same moment run each condition once', async () => {
    project.setParameters({ experiment_conditions: ['--lr 3', '--lr 4'] });
    const both = await Promise.all([
      project.cli(['deploy', '--yes', '--wait']),
      project.cli(['deploy', '--yes', '--wait']),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const ran = project.receipts().map(({ recipe }) => recipe.condition.argv[1]);
    expect(ran.filter((rate) => rate === '3' || rate === '4').sort()).toEqual(['3', '4']);
    await project.ok(['terminate', '--yes']);
  });
});
