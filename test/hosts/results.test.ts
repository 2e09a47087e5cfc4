import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { endedThere, holdingOn, jobsOn, letGoOn, onHosts, well } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import type { TestProject } from '../support/project.js';
import { until } from '../support/until.js';

const job = `case $1 in
  --hold)
    echo "holding $2"
    while [ ! -e /data/results/go ]; do sleep 0.1; done
    ;;
  --lock)
    echo mine >/data/results/secret
    chmod 000 /data/results/secret
    ;;
esac
echo "hello $2"
echo "$2" >/data/results/rate.txt
`;

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('results that do not come', () => {
  let fleet: Fleet;
  let one: LabMachine;
  const projects: TestProject[] = [];

  beforeAll(async () => {
    fleet = await Fleet.start({ one: {} });
    one = fleet.get('one');
  });
  afterAll(async () => {
    for (const project of projects) await project.remove();
    await fleet?.remove();
  });

  function made(experiment_conditions: readonly string[]): TestProject {
    const hosts = [{ address: 'one', slots: 1 }];
    const project = onHosts(fleet, {
      files: { 'job.sh': job },
      parameters: { hosts, experiment_conditions },
    });
    projects.push(project);
    return project;
  }
  const runOf = (project: TestProject, condition: string) => {
    const found = project.receipts().findLast((record) => record.condition.startsWith(condition));
    if (!found) throw new Error(`no receipt of ${condition}`);
    return found.id;
  };

  it('T12: a job folder is removed on the machine: sync says that it is lost', async () => {
    const project = made(['--lr 1', '--lr 2']);
    await well(project, ['deploy', '--yes']);
    await endedThere(fleet, project, 2);
    await project.ok(['status']);
    const [lost, kept] = [runOf(project, 'lr-1'), runOf(project, 'lr-2')];
    await one.exec(`rm -r ${jobsOn(one, project)}/${lost}`);
    const { stdout, stderr } = await project.cli(['sync']);
    expect(stderr).toMatch(/The results of lr-1\S* are lost/);
    expect(stdout).toMatch(new RegExp(`^lost +\\S*${lost}`, 'm'));
    expect(project.receipt(lost)).toMatchObject({ state: 'lost', reason: 'gone', collected: null });
    expect(project.receipt(kept)).toMatchObject({ state: 'succeeded', collected: expect.any(String) });

    const again = await well(project, ['deploy', '--yes', '--wait']);
    expect(again.stdout).toMatch(/^runs +1 of 2 conditions; skipped: 1 succeeded already$/m);
    expect(project.readRun(runOf(project, 'lr-1'), 'data', 'results', 'rate.txt')).toBe('1\n');
    await well(project, ['terminate', '--yes']);
  });

  it('T12: the folder of a job at work is removed: it is lost, and terminate ends what runs of it', async () => {
    const project = made(['--hold 1']);
    await well(project, ['deploy', '--yes']);
    const held = await holdingOn(one, project, 'hold-1');
    await project.ok(['status']);
    await one.exec(`rm -r ${jobsOn(one, project)}/${held}`);
    expect((await project.json(['status'])).conditions[0]).toMatchObject({ state: 'lost', reason: 'gone' });
    expect((await project.cli(['sync'])).stderr).toMatch(/The results of hold-1\S* are lost/);
    expect(project.receipt(held)).toMatchObject({ state: 'lost', reason: 'gone', collected: null });
    await well(project, ['terminate', '--yes']);
    expect(await one.exec('docker ps --all --quiet')).toBe('');
  });

  it('T4: of a machine that turns bad, nothing but data comes here, and nothing of it is executed', async () => {
    const project = made(['--lr 1', '--hold 2']);
    await well(project, ['deploy', '--yes']);
    const held = await holdingOn(one, project, 'hold-2');
    await project.ok(['status']);
    const before = project.receipt(held);
    const taken = join(project.scratch, 'taken');
    const there = `${jobsOn(one, project)}/${held}`;
    await one.exec(`cd ${there}
      tee job.sh steps docker.sh >data/job.sh <<'END'
touch ${taken}
fetch() { touch ${taken}; }
find_image() { touch ${taken}; }
build() { touch ${taken}; }
start() { touch ${taken}; }
END
      printf '{"schema":2,"id":"other","state":"succeeded"}' >run.json
      cp run.json data/run.json
      cp state.json data/state.json
      rm -f owner; mkdir lock.new; chown -R ada: .`);
    for (const words of [['status'], ['logs'], ['sync'], ['status'], ['logs', 'hold-2']])
      await project.cli(words);
    expect(readdirSync(project.run(held)).sort()).toEqual(['data', 'parameters.json', 'run.json']);
    expect(existsSync(taken)).toBe(false);
    expect(existsSync(project.jobFolder(held))).toBe(false);
    const { id, condition, recipe, fingerprint } = project.receipt(held);
    expect({ id, condition, recipe, fingerprint }).toEqual({
      id: held,
      condition: before.condition,
      recipe: before.recipe,
      fingerprint: before.fingerprint,
    });
    await project.cli(['terminate', '--yes', '--discard', '--grace', '1']);
    expect(existsSync(taken)).toBe(false);
    // Its own folder says no more how it is ended: it is all the same.
    expect(await one.exec('docker ps --all --quiet')).toBe('');
    await until('no runner is left', async () => (await one.exec('pgrep -u ada -f runner.sh || :')) === '');
  });

  it('T4: a machine whose data/ is a link has nothing written where the link leads', async () => {
    const project = made(['--lr 1']);
    await well(project, ['deploy', '--yes']);
    await endedThere(fleet, project, 1);
    await project.ok(['status']);
    const run = runOf(project, 'lr-1');
    const mine = join(project.scratch, 'mine');
    mkdirSync(mine);
    await one.exec(`cd ${jobsOn(one, project)}/${run}
      mkdir -p ${mine}; mv data real; ln -s ${mine} data; chown -h ada: data`);
    const linked = await project.cli(['sync']);
    expect(linked.code).toBe(1);
    expect(project.receipt(run).collected).toBeNull();
    expect(readdirSync(mine)).toEqual([]);
    await one.exec(`cd ${jobsOn(one, project)}/${run}; rm data; mv real data`);
    await well(project, ['sync']);
    expect(readdirSync(mine)).toEqual([]);
    expect(lstatSync(project.run(run, 'data')).isDirectory()).toBe(true);
    expect(project.readRun(run, 'data', 'results', 'rate.txt')).toBe('1\n');
    await well(project, ['terminate', '--yes']);
  });

  it('M5: one unreadable result keeps no other from being collected, is named, and is not asked for all the time', async () => {
    const project = made(['--lock 1', '--lr 2', '--hold 3']);
    const begun = Date.now();
    const waiting = project.start(['deploy', '--yes', '--wait']);
    await waiting.says(/results of \S*lock-1\S* could be read: \S*results\/secret: Permission denied/);
    const plain = await until(
      'the other is collected',
      () =>
        project.receipts().find(({ condition, collected }) => condition.startsWith('lr-2') && collected)?.id,
    );
    expect(project.readRun(plain, 'data', 'results', 'rate.txt')).toBe('2\n');
    await letGoOn(one, project, await holdingOn(one, project, 'hold-3'));
    const { code, stderr } = await waiting.ended;
    expect(code).toBe(1);
    const locked = runOf(project, 'lock-1');
    expect(project.receipt(locked)).toMatchObject({ state: 'succeeded', collected: null });
    // All else of it is here.
    expect(project.readRun(locked, 'data', 'results', 'rate.txt')).toBe('1\n');
    expect(project.receipt(runOf(project, 'hold-3')).collected).not.toBeNull();
    // One for each job, one at the end, and one in ten seconds for what could not be read.
    const copies = stderr.match(/^\$ rsync .*\/\.\//gm)?.length ?? 0;
    expect(copies).toBeLessThanOrEqual(4 + (Date.now() - begun) / 10_000);

    const kept = await project.cli(['terminate', '--yes']);
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain('results/secret');
    await one.exec(`chmod 644 ${jobsOn(one, project)}/${locked}/data/results/secret`);
    await well(project, ['terminate', '--yes']);
    expect(project.readRun(locked, 'data', 'results', 'secret')).toBe('mine\n');
    expect(project.receipt(locked).collected).not.toBeNull();
  });
});
