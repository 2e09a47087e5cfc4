import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { holdingOn, jobsOn, letGoOn, onHosts, well, writeSshConfig } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import { outputProblems } from '../support/output.js';
import type { TestProject } from '../support/project.js';

interface OnMachines {
  readonly bytes: number;
  readonly machines: readonly {
    readonly machine: string;
    readonly unneeded: readonly { readonly kind: string; readonly name: string; readonly outcome: string }[];
    readonly stays: string | null;
  }[];
  readonly problems: readonly { readonly machine: string }[];
  readonly removed: boolean;
}

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))('clean --hosts', () => {
  let fleet: Fleet;
  let gpu: LabMachine;
  let project: TestProject;
  let other: TestProject;

  beforeAll(async () => {
    fleet = await Fleet.start({ gpu1: {}, gpu2: {} });
    gpu = fleet.get('gpu1');
    [project, other] = [made('mine'), made('theirs')];
    await project.ok(['deploy', '--yes']);
    await holdingOn(gpu, project, 'hold-a');
    // It waits for the slot.
    await other.ok(['deploy', '--yes']);
  });
  afterAll(async () => {
    await project?.remove();
    await other?.remove();
    await fleet?.remove();
  });

  function made(input: string): TestProject {
    const parameters = {
      hosts: ['gpu1'],
      inputs: { [input]: `../../../${input}` },
      experiment_conditions: ['--hold a'],
    };
    const project = onHosts(fleet, { parameters });
    mkdirSync(join(project.scratch, input));
    writeFileSync(join(project.scratch, input, 'digits'), '0'.repeat(10_000));
    return project;
  }

  const clean = (...words: string[]) => project.cli(['clean', '--hosts', ...words, '--json']);
  const cleaned = async (...words: string[]) => {
    const { code, stdout } = await clean(...words);
    const found = JSON.parse(stdout) as OnMachines;
    expect(outputProblems('clean --hosts', found)).toEqual([]);
    return { code, ...found };
  };
  const kept = async () => {
    const lines = await gpu.exec(
      `ls /home/ada/logistician/source /home/ada/logistician/inputs; docker image ls --format '{{.Repository}}'`,
    );
    return lines.split('\n').filter((line) => /\.git$|^(mine|theirs)-|^logistician\//.test(line));
  };

  it('offers nothing of deployments that are not terminated', async () => {
    expect(await cleaned('--yes')).toMatchObject({
      code: 0,
      machines: [{ machine: 'gpu1', unneeded: [], stays: null }],
      removed: false,
    });
    expect(await kept()).toHaveLength(5);
  });

  it('is about machines alone', async () => {
    for (const words of [['--state', 'failed'], ['--receipts'], ['--only', 'data'], ['--keep-last', '1']])
      expect((await project.cli(['clean', '--hosts', 'gpu1', ...words])).code).toBe(2);
    expect((await project.cli(['clean', '--accept-new-host-keys'])).code).toBe(2);
  });

  it('keeps all where a queue cannot be read', async () => {
    await project.ok(['terminate', '--yes', '--grace', '0']);
    await holdingOn(gpu, other, 'hold-a');
    await gpu.exec(`chown root ${jobsOn(gpu, other)}/queue-* && chmod 700 ${jobsOn(gpu, other)}/queue-*`);
    expect(await cleaned('--yes')).toMatchObject({
      machines: [{ unneeded: [], stays: expect.stringMatching(/queue-\S+\/ cannot be read$/) }],
    });
    await gpu.exec(`chown ada ${jobsOn(gpu, other)}/queue-*`);
  });

  it('shows what no deployment needs, and an unreachable machine stops no other', async () => {
    await fleet.get('gpu2').stop();
    const { code, stdout, stderr } = await project.cli(['clean', '--hosts', 'gpu1,gpu2']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^MACHINE +KIND +NAME +SIZE\ngpu1 +source +\S+\.git +[\d.]+ kB$/m);
    expect(stdout).toMatch(/^gpu1 +input +mine-[0-9a-f]{12} +[\d.]+ kB$/m);
    expect(stdout).toMatch(new RegExp(`^gpu1 +image +logistician/${project.name}:\\S+ +[\\d.]+ MB$`, 'm'));
    expect(stdout).not.toContain('theirs');
    expect(stderr).toContain('gpu2');
    expect(stderr).toContain('clean --hosts gpu1,gpu2 --yes');
    const dry = await project.cli(['clean', '--hosts', '--dry-run']);
    expect({ dry, code: dry.code }).toMatchObject({ code: 0 });
    expect(await kept()).toHaveLength(6);
  });

  it('removes it, and nothing of another live deployment', async () => {
    const { code, machines, problems, removed } = await cleaned('gpu1,gpu2', '--yes');
    expect({ code, removed, problems }).toMatchObject({
      code: 1,
      removed: true,
      problems: [{ machine: 'gpu2' }],
    });
    expect(machines).toHaveLength(1);
    expect(machines[0]?.unneeded.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual([
      'source removed',
      'input removed',
      'image removed',
    ]);
    const left = await kept();
    expect(left).toHaveLength(3);
    expect(left).toContainEqual(expect.stringMatching(/^theirs-/));
    expect(left).toContain(`logistician/${other.name}`);
    const run = await holdingOn(gpu, other, 'hold-a');
    await letGoOn(gpu, other, run);
    expect((await other.json(['deploy', '--wait', '--yes'])).conditions).toMatchObject([
      { state: 'succeeded' },
    ]);
  });

  it('the next deploy brings all of it again', async () => {
    const { stderr } = await well(project, ['deploy', '--yes', '--force']);
    const order = ['runner.sh announce', 'runner.sh repository', 'send-pack', '/inputs/mine-'];
    // What is needed is written down first: a cleaning that begins now sees it.
    const lines = stderr.split('\n').filter((line) => line.startsWith('$ '));
    const places = order.map((part) => lines.findIndex((line) => line.includes(part)));
    expect(places[0]).toBeGreaterThan(0);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    const run = await holdingOn(gpu, project, 'hold-a');
    expect(await kept()).toHaveLength(6);
    expect(await cleaned('--yes')).toMatchObject({ machines: [{ unneeded: [] }] });
    await letGoOn(gpu, project, run);
    expect((await project.json(['deploy', '--wait', '--yes'])).conditions).toMatchObject([
      { state: 'succeeded' },
    ]);
  });

  it('keeps an image that a deployment needs which begins while it is removed', async () => {
    await project.ok(['terminate', '--yes']);
    const tags = async () =>
      (
        await gpu.exec(`docker image ls --format '{{.Repository}}:{{.Tag}}' | grep ${project.name} || :`)
      ).trim();
    const tag = await tags();
    // Docker, and a deployment that announces what it needs at the first removal.
    const late = `#!/bin/sh
if [ "$1 $2" = "image rm" ] && [ ! -e ~/late ]; then
  touch ~/late
  mkdir -p ~/logistician/late/queue-1
  echo "$3" >~/logistician/late/queue-1/sweep-1.sh
  touch ~/logistician/late/queue-1/runner.sh
fi
exec docker "$@"
`;
    await gpu.exec('cat >/usr/local/bin/late-docker; chmod 755 /usr/local/bin/late-docker', late);
    project.setParameters({
      ...{ target: 'hosts', hosts: ['gpu1'], inputs: { mine: '../../../mine' } },
      ...{ remote_docker_command: 'late-docker', experiment_conditions: ['--hold a'] },
    });
    const outcomes = ({ machines }: OnMachines) =>
      machines[0]?.unneeded.filter(({ kind }) => kind === 'image').map(({ outcome }) => outcome);
    expect(outcomes(await cleaned('--yes'))).toEqual(['needed']);
    expect(await tags()).toBe(tag);
    await gpu.exec('rm -r /home/ada/logistician/late');
    expect(outcomes(await cleaned('--yes'))).toEqual(['removed']);
    expect(await tags()).toBe('');
  });

  it('keeps an image for which a job of a colleague waits', async () => {
    await gpu.exec(
      'useradd --create-home --groups docker bob; cp -r /home/ada/.ssh /home/bob/; chown -R bob /home/bob; chmod 700 /home/bob',
    );
    const parameters = {
      experiment_name: project.name,
      hosts: ['gpu1'],
      experiment_conditions: ['--hold a'],
    };
    const colleague = onHosts(fleet, { parameters });
    writeSshConfig(colleague, `Host gpu1\n  User bob\nInclude ${fleet.sshConfig}\n`);
    try {
      project.setParameters({ target: 'hosts', hosts: ['gpu1'], experiment_conditions: ['--lr 1'] });
      await project.ok(['deploy', '--wait', '--yes', '--snapshot']);
      await project.ok(['terminate', '--yes']);
      const image = project.receipt().recipe.image.tag;
      await other.ok(['deploy', '--yes', '--force']);
      await holdingOn(gpu, other, 'hold-a');
      await colleague.ok(['deploy', '--yes']);
      expect(colleague.receipt().recipe.image.tag).toBe(image);
      const { machines } = await cleaned('--yes');
      expect(machines[0]?.unneeded.map(({ kind }) => kind)).not.toContain('image');
      expect(await kept()).toContain(`logistician/${project.name}`);
      expect((await colleague.json(['status'])).conditions).toMatchObject([{ state: 'pending' }]);
      await colleague.ok(['terminate', '--yes', '--grace', '0']);
      await other.ok(['terminate', '--yes', '--grace', '0']);
      expect((await cleaned('--yes')).machines[0]?.unneeded).toContainEqual(
        expect.objectContaining({ kind: 'image', name: image, outcome: 'removed' }),
      );
    } finally {
      await colleague.remove();
    }
  });

  it('removes what only a discarded deployment mentions, once nothing of it runs', async () => {
    project.setParameters({
      ...{ target: 'hosts', hosts: ['gpu1'], inputs: { mine: '../../../mine' } },
      experiment_conditions: ['--hold a'],
    });
    await project.ok(['deploy', '--yes', '--force', '--snapshot']);
    const run = await holdingOn(gpu, project, 'hold-a');
    await gpu.cutLink();
    await project.ok(['terminate', '--yes', '--discard', '--grace', '0']);
    await gpu.restoreLink();
    expect(project.receipt(run)).toMatchObject({ state: 'lost', reason: 'discarded' });
    const mine = async () =>
      (await kept()).filter((name) => !/^theirs/.test(name) && !name.endsWith(other.name));
    const before = await mine();
    expect((await cleaned('--yes')).machines[0]?.unneeded.map(({ name }) => name)).not.toContainEqual(
      expect.stringMatching(/^mine-/),
    );
    expect(await mine()).toEqual(before);
    // Its job ends with the machine, and leaves a container.
    await gpu.restart();
    expect(await gpu.exec('docker ps --all --quiet')).not.toBe('');
    const { machines } = await cleaned('--yes');
    const removed = machines[0]?.unneeded.map(({ kind, outcome }) => `${kind} ${outcome}`);
    expect(removed).toEqual(expect.arrayContaining(['source removed', 'input removed', 'image removed']));
    expect(await mine()).toEqual([]);
  });
});
