import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { linesOf, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';

describe.skipIf(isMissing('docker', 'git'))('F1, L14: a job that was recorded and not delivered', () => {
  let project: TestProject;

  const settings = (which: string) => ({
    experiment_command: `sh -c 'echo "$WHICH" ${which}; sh job.sh "$@"' sh`,
    experiment_conditions: ['--lr 1'],
    environment: { WHICH: which },
    docker_run_args: ['--label', `which=${which}`],
    max_hours: which === 'first' ? 2 : 3,
  });

  beforeAll(async () => {
    project = new TestProject({ parameters: settings('first') });
    await project.ok(['build']);
  });
  afterAll(() => project.remove());

  /** A folder for PATH whose `sh` does not deliver. */
  function cutOff(): string {
    const bin = join(project.scratch, 'cut-off');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'sh'),
      '#!/bin/sh\ncase " $* " in *" deliver "*) exit 1 ;; esac\nexec /bin/sh "$@"\n',
    );
    chmodSync(join(bin, 'sh'), 0o755);
    return `${bin}:${process.env.PATH}`;
  }

  it('is delivered later as its receipt says, not as parameters.json says by then', async () => {
    const cut = await project.cli(['deploy', '--yes'], { env: { PATH: cutOff() } });
    expect(cut.code).toBe(1);
    const before = project.receipt();
    expect(before).toMatchObject({ state: 'pending', recipe: { environment: { WHICH: 'first' } } });

    project.setParameters(settings('second'));
    await project.ok(['deploy', '--yes', '--wait']);
    const ran = project.receipt(before.id);
    expect(ran).toMatchObject({ state: 'succeeded', recipe: before.recipe, fingerprint: before.fingerprint });
    expect(project.readRun(before.id, 'data', 'logs', 'docker.txt')).toBe('first first\nthe rate is 1\n');
    expect(ran.container_line).toContain('which=first');
    expect(project.readRun(before.id, 'run.json')).not.toContain('second');
  });

  slow('is not taken for a result of the settings of today', async () => {
    const { stdout } = await project.cli(['deploy', '--yes', '--wait']);
    expect(stdout).not.toContain('succeeded already');
    const ran = project.receipt();
    expect(ran).toMatchObject({ state: 'succeeded', recipe: { environment: { WHICH: 'second' } } });
    expect(project.readRun(ran.id, 'data', 'logs', 'docker.txt')).toBe('second second\nthe rate is 1\n');
    await project.ok(['terminate', '--yes']);
    expect(linesOf('docker', 'ps', '--all', '--quiet', '--filter', 'label=which')).toEqual([]);
    await project.quiet();
  });
});
