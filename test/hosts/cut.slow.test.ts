import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { jobsOn, onHosts } from '../support/hosts.js';
import { Fleet } from '../support/machines.js';
import type { Finished, TestProject } from '../support/project.js';
import { until } from '../support/until.js';

const job = `case $1 in
  --count)
    for n in $(seq "$3"); do echo "line $n"; sleep 0.1; done
    ;;
  --large)
    head -c 150000000 /dev/urandom >/data/results/large
    echo made
    while [ ! -e /data/results/go ]; do sleep 0.3; done
    ;;
  --wait)
    trap 'echo ended; exit 3' TERM
    echo waits
    while [ ! -e /data/results/go ]; do sleep 0.3 & wait $!; done
    ;;
  *) echo "hello $*" ;;
esac
`;
const large = 150_000_000;
const counted = (to: number) => Array.from({ length: to }, (_, n) => `line ${n + 1}\n`).join('');

interface Row {
  readonly condition: string;
  readonly run: string;
  readonly state: string;
  readonly reason: string | null;
  readonly machine: string;
  readonly unreachable_since: string | null;
}
interface Status {
  readonly live: boolean;
  readonly unreachable: readonly { readonly machine: string; readonly why: string }[];
  readonly conditions: readonly Row[];
}

const noTrace = ({ stdout, stderr }: Finished) =>
  expect(`${stdout}${stderr}`).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('a network that is cut', () => {
  let fleet: Fleet;
  let project: TestProject;
  const names = ['gpu1', 'gpu2', 'gpu3'];

  beforeAll(async () => {
    fleet = await Fleet.start(Object.fromEntries(names.map((name) => [name, {}])));
    project = onHosts(fleet, {
      files: { 'job.sh': job, 'weights.bin': randomBytes(15e6) },
      parameters: settings(['--first 1', '--first 2', '--first 3']),
    });
    mkdirSync(join(project.scratch, 'numbers'));
    execFileSync('truncate', ['--size', '100M', join(project.scratch, 'numbers', 'digits')]);
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
  });

  afterEach(async () => {
    await Promise.all(fleet.machines.map((machine) => machine.restoreLink()));
    await project.cli(['terminate', '--yes', '--grace', '1']);
  });

  const settings = (conditions: readonly string[], more = {}) => ({
    target: 'hosts',
    hosts: names.map((address) => ({ address, slots: 1 })),
    experiment_conditions: conditions,
    ...more,
  });
  const status = async () => project.json<Status & never>(['status']) as Promise<Status>;
  const on = (machine: string, { conditions }: Status) => {
    const row = conditions.find((one) => one.machine === machine);
    if (!row) throw new Error(`nothing on ${machine}`);
    return row;
  };
  const is = (machine: string, state: string, { conditions }: Status) =>
    conditions.some((one) => one.machine === machine && one.state === state);
  const there = (row: Row, path: string) =>
    `${jobsOn(fleet.get(row.machine), project)}/${row.run}/data/${path}`;
  const letGo = (row: Row) => fleet.get(row.machine).exec(`touch ${there(row, 'results/go')}`);

  it('in the middle of a push, and of inputs: the others have their jobs, and deploy again delivers', async () => {
    project.setParameters(
      settings(['--first 1', '--first 2', '--first 3'], { inputs: { numbers: '../../../numbers' } }),
    );
    const deploying = project.start(['deploy', '--yes']);
    const cuts = [
      deploying.says(/^\$ .* git .*send-pack .*gpu1/m).then(() => fleet.get('gpu1').cutLink()),
      deploying.says(/^\$ rsync .*gpu2:/m).then(() => fleet.get('gpu2').cutLink()),
    ];
    await Promise.all(cuts);
    const deployed = await deploying.ended;
    expect(deployed).toMatchObject({ code: 1 });
    noTrace(deployed);
    expect(deployed.stderr).toMatch(/^Error: gpu1 (cannot be reached|was cut off)/m);
    expect(deployed.stderr).toMatch(/^Error: gpu2 (cannot be reached|was cut off)/m);
    expect(deployed.stderr).not.toMatch(/^Error: gpu3/m);
    await Promise.all(['gpu1', 'gpu2'].map((name) => fleet.get(name).restoreLink()));

    const again = await project.cli(['deploy', '--yes', '--wait']);
    expect(again).toMatchObject({ code: 0 });
    expect(project.receipts().map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    await project.ok(['terminate', '--yes']);
  });

  it('while an image is built, a log followed, and deploy --wait: not a line is lost or repeated', async () => {
    project.repository.git('rm', '--quiet', 'weights.bin');
    project.repository.write({ 'experiments/one/Dockerfile': 'FROM debian:bookworm-slim\nRUN sleep 5\n' });
    project.setParameters(settings(['--count a 350', '--count b 350', '--count c 450']));
    project.repository.commit('Slow to build');
    const waiting = project.start(['deploy', '--yes', '--wait']);
    await until('gpu3 builds', async () => is('gpu3', 'building', await status()));
    await fleet.get('gpu3').cutLink();
    const following = await until('two of them count', async () => {
      const rows = await status();
      return ['gpu1', 'gpu2'].every((name) => is(name, 'running', rows)) && rows;
    });
    const logs = ['gpu1', 'gpu2'].map((name) => project.start(['logs', '-f', on(name, following).condition]));
    const [first, second] = logs;
    if (!first || !second) throw new Error('no logs');
    await Promise.all(logs.map((log) => log.says('line 20')));
    await fleet.get('gpu1').cutLink();
    await fleet.get('gpu2').killSshd();
    await waiting.says(/; no answer from gpu1, gpu3/);
    const cut = await project.cli(['status']);
    expect(cut.stdout).toMatch(/^count-a-350\S* .* running, unreachable .* gpu1 *$/m);
    expect(cut.stdout).toMatch(/^gpu1 .*\. That was \d+s ago: its jobs/m);
    noTrace(cut);
    const json = await status();
    expect(json.unreachable.map(({ machine }) => machine).sort()).toEqual(['gpu1', 'gpu3']);
    expect(on('gpu1', json)).toMatchObject({ state: 'running', unreachable_since: expect.any(String) });
    await Promise.all(['gpu1', 'gpu3'].map((name) => fleet.get(name).restoreLink()));
    for (const log of logs) expect(await log.ended).toMatchObject({ code: 0, stdout: counted(350) });
    expect(first.stderr).toMatch(/gpu1 .* Retrying; its output continues from here/);
    const ended = await waiting.ended;
    expect(ended).toMatchObject({ code: 0 });
    noTrace(ended);
    for (const run of project.runs.slice(-3))
      expect(project.readRun(run, 'data', 'logs', 'docker.txt')).toBe(
        counted(run.includes('count-c') ? 450 : 350),
      );
    await project.ok(['terminate', '--yes']);
  });

  it('sync of a large file: it is resumed, and that of another machine goes on', async () => {
    project.setParameters(settings(['--large 1', '--large 2']));
    project.repository.commit('Large');
    await project.ok(['deploy', '--yes']);
    const rows = await until('both are made', async () => {
      const now = await status();
      return (
        now.conditions.filter((row) => (row as Row & { last_line: string }).last_line === 'made').length ===
          2 && now
      );
    });
    const [cut, other] = [on('gpu1', rows), on('gpu2', rows)];
    await Promise.all([letGo(cut), letGo(other)]);
    const partial = () =>
      execFileSync('find', [project.run(cut.run), '-name', '.large.*', '-size', '+10M']).toString();
    const syncing = project.start(['sync']);
    await until('a part is here', partial);
    await fleet.get('gpu1').cutLink();
    const synced = await syncing.ended;
    expect(synced).toMatchObject({ code: 1 });
    noTrace(synced);
    expect(synced.stderr).toMatch(/^Error: gpu1 /m);
    expect(statSync(project.run(other.run, 'data', 'results', 'large')).size).toBe(large);
    const part = project.run(cut.run, 'data', 'results', '.rsync-partial', 'large');
    expect(statSync(part).size).toBeGreaterThan(1e6);
    await fleet.get('gpu1').restoreLink();
    await project.ok(['sync']);
    const sum = (await fleet.get('gpu1').exec(`sha256sum <${there(cut, 'results/large')}`)).slice(0, 64);
    const own = execFileSync('sha256sum', [project.run(cut.run, 'data', 'results', 'large')]).toString();
    expect(own.slice(0, 64)).toBe(sum);
    await project.ok(['terminate', '--yes']);
  });

  it('stop and terminate do what they can, keep what they cannot reach, and end it later', async () => {
    project.setParameters(settings(['--wait 1', '--wait 2', '--wait 3']));
    project.repository.commit('Waits');
    await project.ok(['deploy', '--yes']);
    await until('all wait', async () =>
      (await status()).conditions.every(({ state }) => state === 'running'),
    );
    const { conditions } = await status();
    await fleet.get('gpu1').cutLink();
    const stopped = await project.cli(['stop', '--grace', '2']);
    expect(stopped).toMatchObject({ code: 1 });
    noTrace(stopped);
    expect(`${stopped.stdout}${stopped.stderr}`).toMatch(/gpu1 did not answer/);

    const terminated = await project.cli(['terminate', '--yes', '--grace', '2']);
    expect(terminated).toMatchObject({ code: 1 });
    noTrace(terminated);
    expect(terminated.stderr).toMatch(/^Error: Not everything could be ended and collected/m);
    expect(terminated.stderr).toContain('logistician terminate --discard');
    for (const name of ['gpu2', 'gpu3'])
      expect(await fleet.get(name).exec('docker ps --quiet --all')).toBe('');
    await fleet.get('gpu1').restoreLink();
    expect(await fleet.get('gpu1').exec('docker ps --quiet')).not.toBe('');
    await project.ok(['terminate', '--yes', '--grace', '2']);
    expect(await fleet.get('gpu1').exec('docker ps --quiet --all')).toBe('');
    for (const { run } of conditions) {
      expect(project.receipt(run).state).toBe('stopped');
      // A shell may say of its sleep that it was ended too.
      const said = project.readRun(run, 'data', 'logs', 'docker.txt').replace('Terminated\n', '');
      expect(said).toBe('waits\nended\n');
    }
  });

  it('terminate --discard gives up what does not answer, and says so', async () => {
    await project.ok(['deploy', '--yes', '--force']);
    await until('all wait', async () =>
      (await status()).conditions.every(({ state }) => state === 'running'),
    );
    const before = await status();
    await fleet.get('gpu1').cutLink();
    const given = await project.cli(['terminate', '--yes', '--grace', '2', '--discard']);
    await fleet.get('gpu1').restoreLink();
    noTrace(given);
    expect(given.stderr).toMatch(/Left as it is: gpu1 /);
    expect(project.receipt(on('gpu1', before).run)).toMatchObject({ state: 'lost', reason: 'discarded' });
    expect(project.receipt(on('gpu2', before).run)).toMatchObject({ state: 'stopped' });
    expect(await status()).toMatchObject({ live: false });
  });
});
