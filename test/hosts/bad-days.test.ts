import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { holdingOn, jobsOn, letGoOn, onHosts, well, writeSshConfig } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import type { StatusOutput, TestProject } from '../support/project.js';
import { until } from '../support/until.js';

const job = `case $1 in
  --hold)
    echo "holding $2"
    while [ ! -e /data/results/go ]; do sleep 0.3; done
    echo "ended $2"
    ;;
  --fill)
    echo before
    cat /dev/zero >/data/results/zeros 2>/dev/null
    echo full >/data/results/note.txt || exit 9
    ;;
  *) echo "hello $2" ;;
esac
`;

type Row = StatusOutput['conditions'][number] & { readonly machine: string };

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))('bad days of machines', () => {
  let fleet: Fleet;
  const projects: TestProject[] = [];

  beforeAll(async () => {
    fleet = await Fleet.start({ gpu1: {}, gpu2: {}, small: { homeSize: 30 } });
  });
  afterAll(async () => {
    for (const project of projects) await project.remove();
    await fleet?.remove();
  });

  function project(hosts: readonly string[], experiment_conditions: readonly string[], more = {}) {
    const made = onHosts(fleet, {
      files: { 'job.sh': job },
      parameters: { hosts: hosts.map((address) => ({ address, slots: 1 })), experiment_conditions, ...more },
    });
    projects.push(made);
    return made;
  }
  const rows = async (of: TestProject) => (await of.json(['status'])).conditions as Row[];
  const row = async (of: TestProject, argument: string) => {
    const found = (await rows(of)).find(({ condition }) => condition.startsWith(argument));
    if (!found) throw new Error(`no condition ${argument}`);
    return found;
  };

  it('power fails: what waited there goes to another machine, what ran is lost, and nothing runs twice', async () => {
    const sweep = project(['gpu1', 'gpu2'], ['--hold 1', '--hold 2', '--plain 3', '--plain 4']);
    const waiting = sweep.start(['deploy', '--yes', '--wait']);
    const [first, second] = [fleet.get('gpu1'), fleet.get('gpu2')];
    const lost = await holdingOn(first, sweep, 'hold-1');
    const kept = await holdingOn(second, sweep, 'hold-2');
    const waited = (await rows(sweep)).find(
      ({ machine, state }) => machine === 'gpu1' && state === 'pending',
    );
    expect(waited).toMatchObject({ condition: expect.stringMatching(/^plain-/) });
    await first.stop();
    await waiting.says(/no answer from gpu1/);
    // The one that waited on gpu1 is another's after a minute.
    await until(
      'another machine has it',
      async () => (await row(sweep, waited?.condition ?? '')).machine === 'gpu2',
    );
    await first.boot();
    await letGoOn(second, sweep, kept);
    const ended = await waiting.ended;
    expect(ended).toMatchObject({ code: 1 });
    expect(await row(sweep, 'hold-1')).toMatchObject({ state: 'lost', reason: 'reboot' });
    for (const condition of ['hold-2', 'plain-3', 'plain-4'])
      expect(await row(sweep, condition)).toMatchObject({ state: 'succeeded', machine: 'gpu2' });
    // What it had written before is home.
    expect(sweep.readRun(lost, 'data', 'logs', 'docker.txt')).toBe('holding 1\n');
    expect(sweep.readRun(waited?.run ?? '', 'data', 'logs', 'docker.txt')).toMatch(/^hello [34]\n$/);
    expect(await first.files(`${jobsOn(first, sweep)}/${waited?.run}`)).toEqual([]);

    const again = sweep.start(['deploy', '--yes', '--wait', '--retry-failed']);
    const one = await until('it runs again', async () => {
      const now = await row(sweep, 'hold-1');
      return now.run !== lost && now.state === 'running' && now;
    });
    await letGoOn(fleet.get(one.machine), sweep, one.run ?? '');
    expect(await again.ended).toMatchObject({ code: 0 });
    await well(sweep, ['terminate', '--yes']);
    for (const machine of [first, second]) expect(await machine.exec('docker ps --quiet --all')).toBe('');
  });

  it('a job fills its disk: it is said, the others work on, and nothing is lost once there is room', async () => {
    const sweep = project(['small', 'gpu2'], ['--fill 1', '--plain 2', '--plain 3']);
    const small = fleet.get('small');
    await well(sweep, ['deploy', '--yes']);
    const filling = await until('its disk is full', async () => {
      const now = (await rows(sweep)).find(({ condition }) => condition.startsWith('fill'));
      const free = await small.exec('df -k --output=avail /home/ada | tail -n 1');
      return Number(free) < 100 && now;
    });
    expect(filling.machine).toBe('small');
    await until('the others have ended', async () =>
      (await rows(sweep))
        .filter(({ machine }) => machine === 'gpu2')
        .every(({ state }) => state === 'succeeded'),
    );
    const said = await until('status says so', async () => {
      const { stdout, stderr } = await sweep.cli(['status']);
      return /disk/.test(`${stdout}${stderr}`) && `${stdout}${stderr}`;
    });
    expect(said).toMatch(/small/);
    await small.exec(`rm ${jobsOn(small, sweep)}/${filling.run}/data/results/zeros`);
    await until('its end is written', async () => (await row(sweep, 'fill')).state === 'failed');
    expect(await sweep.cli(['sync'])).toMatchObject({ code: 0 });
    expect(await row(sweep, 'fill')).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 9 });
    expect(sweep.readRun(filling.run ?? '', 'data', 'logs', 'docker.txt')).toMatch(/^before$/m);
    await well(sweep, ['terminate', '--yes']);
  });

  it('two users share a machine, each with a sweep of the same name', async () => {
    const machine = fleet.get('gpu2');
    await machine.exec(`
      useradd --create-home --shell /bin/bash --groups docker bob
      usermod --password '*' bob
      install --directory --mode 700 --owner bob ~bob/.ssh
      install --mode 600 --owner bob ~ada/.ssh/authorized_keys ~bob/.ssh/authorized_keys`);
    const name = { experiment_name: 'shared' };
    const ada = project(['gpu2'], ['--hold 1', '--plain 2'], name);
    const bob = project(['gpu2'], ['--plain 1', '--plain 2'], name);
    writeSshConfig(bob, `Host gpu2\n  User bob\nInclude ${fleet.sshConfig}\n`);
    await well(ada, ['deploy', '--yes']);
    const held = await until('it holds', async () => {
      const now = await row(ada, 'hold');
      return now.state === 'running' && now;
    });
    // His own computer has no Docker.
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    await well(bob, ['deploy', '--yes'], { env });
    await until('status says which job his first job waits for', async () =>
      (await well(bob, ['status'], { env })).stdout.includes(`waits for ada: ${held.run}`),
    );
    await well(bob, ['terminate', '--yes', '--discard'], { env });
    expect((await row(ada, 'hold')).state).toBe('running');

    const waiting = bob.start(['deploy', '--yes', '--wait'], { env });
    await machine.exec(`touch /home/ada/logistician/shared/${held.run}/data/results/go`);
    await well(ada, ['deploy', '--yes', '--wait']);
    expect(await waiting.ended).toMatchObject({ code: 0 });
    for (const user of [ada, bob])
      expect((await rows(user)).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    await well(bob, ['terminate', '--yes'], { env });
    await well(ada, ['terminate', '--yes']);
    expect(await machine.exec('docker ps --quiet --all')).toBe('');
  });
});
