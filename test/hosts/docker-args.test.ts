import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { onHosts } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import type { StatusOutput, TestProject } from '../support/project.js';

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))('docker_run_args on machines', () => {
  let fleet: Fleet;
  let project: TestProject;

  beforeAll(async () => {
    fleet = await Fleet.start({ one: {}, two: { shell: 'fish' } });
    for (const machine of fleet.machines)
      await machine.exec('mkdir -p "/srv/a set" && hostname >"/srv/a set/name"');
    project = onHosts(fleet, {
      files: {
        'job.sh': 'df -k /dev/shm | tail -n 1; cat /shared/name; printenv ODD; touch /shared/x 2>&1 || :\n',
      },
      parameters: {
        hosts: ['one', 'two'].map((address) => ({ address, slots: 1 })),
        experiment_conditions: ['1', '2'],
        docker_run_args: [
          ...['--shm-size', '77m', '--env', `ODD=it's "so" $HOME`],
          ...['--mount', 'type=bind,source=/srv/a set,target=/shared,readonly'],
        ],
      },
    });
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
  });

  const outputs = ({ conditions }: StatusOutput) =>
    conditions.map(({ run }) => project.readRun(run ?? '', 'data', 'logs', 'docker.txt'));

  it('hold there: of any login shell, with the paths of the machine', async () => {
    await project.ok(['deploy', '--yes', '--wait']);
    const status = await project.json(['status']);
    const said = outputs(status);
    for (const text of said) {
      expect(text).toMatch(/^shm +78848 /m);
      expect(text).toContain(`\nit's "so" $HOME\n`);
      expect(text).toContain('Read-only file system');
    }
    const names = await Promise.all(fleet.machines.map((machine) => machine.exec('hostname')));
    expect(said.map((text) => text.split('\n')[1]).sort()).toEqual(names.map((name) => name.trim()).sort());
  });

  it('that Docker refuses there fail the job, with its words', async () => {
    await fleet.get('two').exec('rm -r "/srv/a set"');
    const { code } = await project.cli(['deploy', '--yes', '--wait', '--force']);
    expect(code).toBe(1);
    const { conditions } = await project.json(['status']);
    const failed = conditions.filter(({ state }) => state === 'failed');
    expect(failed).toMatchObject([{ reason: 'start' }]);
    expect(conditions.filter(({ state }) => state === 'succeeded')).toHaveLength(1);
    expect(await project.ok(['logs', failed[0]?.condition ?? ''])).toContain(
      'bind source path does not exist: /srv/a set',
    );
  });
});
