import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { linesOf, type Started, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

interface Cleaned {
  readonly leftovers: readonly string[];
}

// `reproduce --check` that does not come to an end of its own.
describe.skipIf(isMissing('docker', 'git'))('a check', () => {
  let project: TestProject;

  beforeAll(async () => {
    project = new TestProject({
      files: {
        'job.sh': `echo same >"$LOGISTICIAN_OUTPUT_DIRECTORY/same.txt"
[ "$HOLD" != yes ] || { trap '' TERM INT; sleep 300; }
[ "$HOLD" != other ] || echo other >"$LOGISTICIAN_OUTPUT_DIRECTORY/same.txt"
`,
      },
      parameters: { experiment_conditions: ['--lr 1'], secrets: ['HOLD'] },
    });
    await project.ok(['deploy', '--yes', '--wait'], { env: { HOLD: 'no' } });
  });
  afterAll(async () => {
    for (const name of containers()) execFileSync('docker', ['rm', '--force', name], { stdio: 'ignore' });
    await project.quiet();
    await project.remove();
  });

  const folder = () => join(project.home, '.logistician', 'reproduced');
  const left = () => (existsSync(folder()) ? readdirSync(folder()).sort() : []);
  const containers = () => {
    const name = `name=logistician-again-${project.runs.at(-1)}-`;
    return linesOf('docker', 'ps', '--all', '--filter', name, '--format', '{{.Names}}').filter(Boolean);
  };
  /** One whose job hears no signal. */
  const holding = async (): Promise<Started> => {
    const started = project.start(['reproduce', 'last', '--check'], { env: { HOLD: 'yes' } });
    await until('its job runs', () =>
      left().some((name) => existsSync(join(folder(), name, 'data/results/same.txt'))),
    );
    return started;
  };
  const clean = (...words: string[]) => project.json<Cleaned>(['clean', '--keep-last', '0', ...words]);

  it('that Ctrl-C ends says so, and leaves neither a container nor a folder', async () => {
    const started = await holding();
    started.signal('SIGINT');
    const { code, stdout, stderr } = await started.ended;
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toContain('Interrupted. The run is as it was');
    expect(left()).toEqual([]);
    expect(containers()).toEqual([]);
  });

  slow('whose container Docker cannot start is no difference', async () => {
    const text = project.readRun(project.runs[0], 'run.json');
    const broken = text.replace(
      '"docker_run_args": []',
      '"docker_run_args": ["--network", "no-such-network"]',
    );
    expect(broken).not.toBe(text);
    writeFileSync(project.run(project.runs[0], 'run.json'), broken);
    const { code, stdout, stderr } = await project.cli(['reproduce', 'last', '--check'], {
      env: { HOLD: 'no' },
    });
    writeFileSync(project.run(project.runs[0], 'run.json'), text);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('ended with exit code 125');
    expect(stderr).toContain('no-such-network');
    expect(left()).toEqual([]);
  });

  slow('that is killed leaves a folder, which clean removes once no process uses it', async () => {
    const started = await holding();
    // It is in use.
    expect((await clean('--dry-run')).leftovers).toEqual([]);
    started.signal('SIGKILL');
    await started.ended.catch(() => {});
    const [name = '', mark = ''] = left();
    expect(mark).toBe(`${name}.holder`);
    for (const one of containers()) execFileSync('docker', ['rm', '--force', one], { stdio: 'ignore' });
    const { stdout } = await project.cli(['clean', '--keep-last', '0']);
    expect(stdout).toContain(`left by a command that has ended: ${join(folder(), name)}`);
    // Of runs that are meant only.
    expect((await clean('--state', 'failed', '--yes')).leftovers).toEqual([]);
    expect((await clean('--only', 'images', '--yes')).leftovers).toEqual([]);
    expect((await clean('--yes')).leftovers).toEqual([name, mark].map((one) => join(folder(), one)));
    expect(left()).toEqual([]);
  });

  slow('that came out different is kept until clean', async () => {
    project.setParameters({ experiment_conditions: ['--lr 1'], secrets: ['HOLD'] });
    await project.ok(['deploy', '--yes', '--wait', '--force'], { env: { HOLD: 'no' } });
    const { code, stdout } = await project.cli(['reproduce', 'last', '--check'], { env: { HOLD: 'other' } });
    expect([code, stdout]).toEqual([1, expect.stringContaining('different')]);
    expect(left()).toHaveLength(1);
    expect((await clean('--yes')).leftovers).toHaveLength(1);
    expect(left()).toEqual([]);
  });
});
