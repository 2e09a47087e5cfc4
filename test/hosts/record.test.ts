import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { endedThere, holdingOn, jobsOn, letGoOn, onHosts, well } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import type { StatusOutput, TestProject } from '../support/project.js';

const states = ({ conditions }: StatusOutput) =>
  Object.fromEntries(
    conditions.map(({ condition, state }) => [condition.replace(/-[0-9a-f]{10}$/, ''), state]),
  );

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('a deployment goes by its record', () => {
  let fleet: Fleet;
  let one: LabMachine;
  let two: LabMachine;
  const projects: TestProject[] = [];

  beforeAll(async () => {
    fleet = await Fleet.start({ one: {}, two: {} });
    [one, two] = [fleet.get('one'), fleet.get('two')];
  });
  afterAll(async () => {
    for (const project of projects) await project.remove();
    await fleet?.remove();
  });

  const settings = (hosts: readonly string[], experiment_conditions: readonly string[]) => ({
    target: 'hosts',
    hosts: hosts.map((address) => ({ address, slots: 1 })),
    experiment_conditions,
  });
  function made(...asked: Parameters<typeof settings>): TestProject {
    const project = onHosts(fleet, { parameters: settings(...asked) });
    projects.push(project);
    return project;
  }
  const receiptOf = (project: TestProject, condition: string) => {
    const found = project.receipts().findLast((record) => record.condition.startsWith(condition));
    if (!found) throw new Error(`no receipt of ${condition}`);
    return found;
  };
  /** Nothing of the project is left on the machine, under its first name or another. */
  const expectNothingOn = async (machine: LabMachine, project: TestProject) => {
    expect(await machine.exec(`docker ps --all --format '{{.Names}}'`)).not.toContain(project.name);
    expect(await machine.files(`${jobsOn(machine, project)}*`)).toEqual([]);
  };

  describe('T1: experiment_name is changed in mid-sweep', () => {
    const sweep = ['--lr 1', '--lr 2', '--hold 3'];
    async function renamed() {
      const project = made(['one'], sweep);
      await well(project, ['deploy', '--yes']);
      const held = await holdingOn(one, project, 'hold-3');
      project.setParameters({ ...settings(['one'], sweep), experiment_name: `${project.name}-renamed` });
      return { project, held };
    }
    const expectResults = (project: TestProject) => {
      for (const rate of ['1', '2']) {
        const { id, state, collected } = receiptOf(project, `lr-${rate}`);
        expect({ state, isCollected: collected !== null }).toEqual({ state: 'succeeded', isCollected: true });
        expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe(`${rate}\n`);
      }
    };

    it('T1: terminate ends what runs, and all results are here', async () => {
      const { project, held } = await renamed();
      await well(project, ['terminate', '--yes', '--grace', '5']);
      expectResults(project);
      expect(project.receipt(held)).toMatchObject({ state: 'stopped', collected: expect.any(String) });
      expect(project.readRun(held, 'data', 'results', 'saved.txt')).toBe('saved\n');
      await expectNothingOn(one, project);
    });

    it('T1: a deploy of that commit leaves what there is, and terminate brings all of it', async () => {
      const { project, held } = await renamed();
      project.repository.commit('Renamed');
      await well(project, ['deploy', '--yes']);
      expect(await one.exec('docker ps --format "{{.Names}}"')).toContain(held);
      await letGoOn(one, project, held);
      await well(project, ['deploy', '--yes', '--wait']);
      await well(project, ['terminate', '--yes']);
      expectResults(project);
      expect(project.receipt(held)).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
      for (const { id, state, collected } of project.receipts()) {
        expect({ id, state, isCollected: collected !== null }).toEqual({
          ...{ id, state: 'succeeded' },
          isCollected: true,
        });
        expect(existsSync(project.run(id, 'data', 'logs', 'docker.txt'))).toBe(true);
      }
      await expectNothingOn(one, project);
    });

    it('T1: with other code, what the deployment before has left comes first', async () => {
      const { project, held } = await renamed();
      await letGoOn(one, project, held);
      await endedThere(fleet, project, 3);
      const before = project.runs;
      project.repository.write({ 'more.txt': 'more\n' });
      project.repository.commit('Renamed, and more');
      await well(project, ['deploy', '--yes']);
      for (const id of before) {
        expect(project.receipt(id)).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
        expect(existsSync(project.run(id, 'data', 'logs', 'docker.txt'))).toBe(true);
      }
      await holdingOn(one, { name: `${project.name}-renamed` }, 'hold-3');
      await well(project, ['terminate', '--yes', '--grace', '5']);
      for (const { collected } of project.receipts()) expect(collected).not.toBeNull();
      await expectNothingOn(one, project);
    });
  });

  const spoils: Readonly<Record<string, (project: TestProject) => void>> = {
    'parameters.json is broken': (project) =>
      writeFileSync(join(project.experiment, 'parameters.json'), '{ "experiment_name": '),
    'another branch is checked out, with neither parameters.json nor Dockerfile': (project) => {
      project.repository.git('checkout', '--quiet', '--orphan', 'other');
      project.repository.git('rm', '-r', '--quiet', '--force', '.');
      project.repository.write({ 'other.txt': 'other\n' });
      project.repository.commit('Other');
    },
  };

  it.each(Object.keys(spoils))('T19: %s: status, logs, sync, stop and terminate work', async (what) => {
    const project = made(['one'], ['--lr 1', '--hold 2', '--hold 3']);
    await well(project, ['deploy', '--yes']);
    const held = await holdingOn(one, project, 'hold-2');
    spoils[what]?.(project);
    mkdirSync(project.experiment, { recursive: true });
    const status = await project.json(['status']);
    expect(states(status)).toEqual({ 'lr-1': 'succeeded', 'hold-2': 'running', 'hold-3': 'pending' });
    expect(await project.ok(['logs', 'hold-2'])).toBe('holding 2\n');
    await well(project, ['sync']);
    expect(project.readRun(receiptOf(project, 'lr-1').id, 'data', 'results', 'rate.txt')).toBe('1\n');
    expect((await well(project, ['stop', 'hold-2', '--grace', '5'])).stdout).toMatch(/^Stopped 1: hold-2-/);
    expect(project.receipt(held).state).toBe('stopped');
    const last = await holdingOn(one, project, 'hold-3');
    await well(project, ['terminate', '--yes', '--grace', '5']);
    expect(project.receipt(last)).toMatchObject({ state: 'stopped', collected: expect.any(String) });
    expect(project.readRun(last, 'data', 'results', 'saved.txt')).toBe('saved\n');
    await expectNothingOn(one, project);
  });

  it('N19: --max-failures counts all machines: a look holds the one that goes on, another deploy lets it', async () => {
    const project = made(['one', 'two'], ['--fail 1', '--hold 2', '--fail 3', '--lr 4']);
    await well(project, ['deploy', '--yes', '--max-failures', '2']);
    const held = await holdingOn(two, project, 'hold-2');
    await endedThere(fleet, project, 2);
    const row = (status: StatusOutput) => status.conditions[3];
    const why = { why: 'failures', failures: 2 };
    expect(row(await project.json(['status']))).toMatchObject({ state: 'pending', held: why });
    await letGoOn(two, project, held);
    await endedThere(fleet, project, 3);
    expect(row(await project.json(['status']))).toMatchObject({ state: 'pending', held: why });
    expect((await project.cli(['deploy', '--yes', '--wait'])).stdout).toContain(
      'Starts waiting jobs again on two, until 2 jobs have failed',
    );
    expect(states(await project.json(['status']))).toEqual({
      'fail-1': 'failed',
      'hold-2': 'succeeded',
      'fail-3': 'failed',
      'lr-4': 'succeeded',
    });
    await well(project, ['terminate', '--yes']);
  });

  it('F3: the folder is moved: ssh opens each of the machines, one after the other', async () => {
    const project = made(['one', 'two'], ['--hold 1', '--hold 2']);
    await well(project, ['deploy', '--yes']);
    await holdingOn(one, project, 'hold-1');
    await holdingOn(two, project, 'hold-2');
    const cwd = join(project.root, 'elsewhere', 'moved');
    mkdirSync(dirname(cwd));
    renameSync(project.experiment, cwd);
    const opened = async (condition: string) =>
      (await well(project, ['ssh', condition, '--', 'uname', '-n'], { cwd })).stdout;
    expect([await opened('hold-1'), await opened('hold-2'), await opened('hold-1')]).toEqual([
      'one\n',
      'two\n',
      'one\n',
    ]);
    await well(project, ['terminate', '--yes', '--grace', '5'], { cwd });
    expect(project.receiptsIn(cwd).map(({ state, collected }) => [state, collected !== null])).toEqual([
      ['stopped', true],
      ['stopped', true],
    ]);
    for (const machine of [one, two]) await expectNothingOn(machine, project);
  });
});
