import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { endedThere, holdingOn, jobsOn, letGoOn, onHosts, well } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import { packageRoot, type TestProject } from '../support/project.js';
import { binOf, paste, proposed, refusedBy } from '../support/remedy.js';
import { until } from '../support/until.js';

const job = `case $1 in
  --hold)
    echo "holding $2"
    while [ ! -e /data/results/go ]; do sleep 0.1; done
    ;;
  --talk)
    seq 1 300000
    ;;
  --tries)
    tries=$(($(cat /data/state/tries 2>/dev/null || echo 0) + 1))
    echo "$tries" >/data/state/tries
    echo "attempt $LOGISTICIAN_ATTEMPT, try $tries"
    [ "$tries" -ge "$2" ] || exit 1
    ;;
  --shut)
    echo mine >/data/state/mine
    chmod 000 /data/state/mine
    exit 1
    ;;
  --lock)
    echo mine >/data/results/secret
    chmod 000 /data/results/secret
    ;;
esac
echo "hello $2"
echo "$2" >/data/results/rate.txt
truncate -s 200M /data/results/map
`;

/** It knows no words but those of openrsync, and leaves it to the shell there what words are. */
const openrsync = `#!/bin/sh
if [ "$1" = --version ]; then
  printf 'openrsync: protocol version 29\\nrsync version 2.6.9 compatible\\n'
  exit
fi
for word; do
  case $word in
    --protect-args | --info=* | --ignore-missing-args)
      echo "openrsync: unrecognized option '$word'" >&2
      exit 1
      ;;
  esac
done
RSYNC_OLD_ARGS=1 RSYNC_PROTECT_ARGS=0 exec ${execFileSync('sh', ['-c', 'command -v rsync || :']).toString().trim()} "$@"
`;

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root'))('results that do not come', () => {
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

  it('L15: /data/state goes on with the next attempt, by way of this computer; what is lost is told of', async () => {
    const project = made(['--tries 2', '--tries 9']);
    await project.cli(['deploy', '--yes', '--wait']);
    const [first, lost] = [runOf(project, 'tries-2'), runOf(project, 'tries-9')];
    await one.exec(`rm -r ${jobsOn(one, project)}/${lost}`);
    rmSync(project.run(lost, 'data'), { recursive: true });
    const again = await project.cli(['deploy', '--yes', '--wait', '--retry-failed']);
    const commands = readFileSync(join(project.stateFolder, 'commands.sh'), 'utf8');
    expect(commands).toContain(`--copy-dest=${jobsOn(one, project)}/${first}/data`);
    expect(again.stderr).toContain('Nothing is left of /data/state of the last attempts at tries-9');
    const run = runOf(project, 'tries-2');
    expect(project.receipt(run)).toMatchObject({
      state: 'succeeded',
      recipe: { continues: { run: first, attempt: 2 } },
    });
    expect(project.readRun(run, 'data', 'logs', 'docker.txt')).toContain('attempt 2, try 2\n');
    expect(project.readRun(runOf(project, 'tries-9'), 'data', 'logs', 'docker.txt')).toBe(
      'attempt 1, try 1\n',
    );
    await well(project, ['terminate', '--yes']);
  });

  it('L15: state that cannot be read on the machine stops the deploy; --fresh-state begins again', async () => {
    const project = made(['--shut 1', '--shut 2']);
    await project.cli(['deploy', '--yes', '--wait']);
    const at = {
      cwd: project.experiment,
      env: { ...project.env, PATH: `${binOf(project)}:${process.env.PATH}` },
    };
    // One of two, of which the other has failed, too.
    const words = ['deploy', '--yes', '--retry-failed', '--only', 'shut-1', '--hosts', 'one'];
    const refusal = await refusedBy(project, words, at);
    expect(refusal?.message).toContain(
      '/data/state of the last attempts cannot be collected now, so nothing was deployed:',
    );
    const [again = '', fresh = '', ...others] = proposed('StateOutOfReach', refusal);
    expect(others).toEqual([]);
    expect(project.runs).toHaveLength(2);
    await paste(fresh, { ...at, really: true });
    expect(project.runs).toHaveLength(3);
    expect(project.receipt(runOf(project, 'shut-1')).recipe).not.toHaveProperty('continues');
    await project.cli(['status', '--watch']);
    expect(await refusedBy(project, words, at)).toMatchObject({ name: 'StateOutOfReach' });
    await one.exec(`chmod -R u+rwx ${jobsOn(one, project)}/*/data/state`);
    await paste(again, { ...at, really: true });
    expect(project.receipt(runOf(project, 'shut-1')).recipe).toHaveProperty('continues');
    expect(project.runs).toHaveLength(4);
    await project.cli(['status', '--watch']);
    await well(project, ['terminate', '--yes', '--discard']);
  });

  it('T12: a job folder is removed on the machine: sync says that it is lost', async () => {
    const project = made(['--lr 1', '--lr 2']);
    await well(project, ['deploy', '--yes']);
    await endedThere(fleet, project, 2);
    await project.ok(['status']);
    const [lost, kept] = [runOf(project, 'lr-1'), runOf(project, 'lr-2')];
    await one.exec(`rm -r ${jobsOn(one, project)}/${lost}`);
    const { code, stdout, stderr } = await project.cli(['sync']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/The results of lr-1\S* are lost/);
    expect(stdout).toMatch(new RegExp(`^lost +\\S*${lost}`, 'm'));
    expect(project.receipt(lost)).toMatchObject({ state: 'lost', reason: 'gone', collected: null });
    expect(project.receipt(kept)).toMatchObject({ state: 'succeeded', collected: expect.any(String) });
    // M4
    const { size, blocks } = lstatSync(project.run(kept, 'data', 'results', 'map'));
    expect([size, blocks < 1000]).toEqual([200 * 2 ** 20, true]);

    const again = await well(project, ['deploy', '--yes', '--wait']);
    expect(again.stdout).toMatch(/^runs +1 of 2 conditions; skipped: 1 succeeded already$/m);
    expect(project.readRun(runOf(project, 'lr-1'), 'data', 'results', 'rate.txt')).toBe('1\n');
    await well(project, ['terminate', '--yes']);
  });

  it('T12: the folder of a job running is removed: it is lost, and terminate ends what runs of it', async () => {
    const project = made(['--hold 1']);
    await well(project, ['deploy', '--yes']);
    const held = await holdingOn(one, project, 'hold-1');
    await project.ok(['status']);
    await one.exec(`rm -r ${jobsOn(one, project)}/${held}`);
    expect((await project.json(['status'])).conditions[0]).toMatchObject({ state: 'lost', reason: 'gone' });
    expect(await project.cli(['sync'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/The results of hold-1\S* are lost/),
    });
    expect(project.receipt(held)).toMatchObject({ state: 'lost', reason: 'gone', collected: null });
    await well(project, ['terminate', '--yes']);
    expect(await one.exec('docker ps --all --quiet')).toBe('');
  });

  it('T12: a machine restarts under a job: one sync brings its log and what it had written', async () => {
    const project = made(['--hold 1']);
    await well(project, ['deploy', '--yes']);
    const held = await holdingOn(one, project, 'hold-1');
    await project.ok(['status']);
    await one.restart();
    const { code, stdout, stderr } = await project.cli(['sync']);
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^lost +\\S*${held}/data\\n1 collected now;`, 'm')),
    });
    expect(project.receipt(held)).toMatchObject({
      state: 'lost',
      reason: 'reboot',
      collected: expect.any(String),
    });
    expect(project.readRun(held, 'data', 'logs', 'docker.txt')).toContain('holding 1\n');
    await well(project, ['terminate', '--yes']);
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

  it('M14, L24: are collected by the rsync of macOS, and a log ends with the one who reads it', async () => {
    const project = made(['--talk 1', '--lr 2']);
    const bin = join(project.scratch, 'as-on-macos');
    mkdirSync(bin);
    writeFileSync(join(bin, 'rsync'), openrsync, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const { stderr } = await well(project, ['deploy', '--yes', '--wait'], { env });
    expect(stderr).toMatch(/ \| rsync .* --files-from=- /);
    for (const condition of ['talk-1', 'lr-2']) {
      const run = runOf(project, condition);
      expect(project.readRun(run, 'data', 'results', 'rate.txt')).toBe(`${condition.at(-1)}\n`);
      expect(project.receipt(run).collected).not.toBeNull();
    }
    expect((await project.cli(['doctor'], { env })).stdout).toMatch(/^note +rsync +openrsync: protocol/m);

    // Not from what is here.
    rmSync(project.run(runOf(project, 'talk-1'), 'data'), { recursive: true });
    const ours = [process.execPath, join(packageRoot, 'bin', 'run.js'), 'logs', 'talk-1'];
    for (const more of [[], ['--follow']]) {
      const piped = project.startProgram(['sh', '-c', '"$@" | head -n 1', 'sh', ...ours, ...more]);
      expect(await piped.ended).toMatchObject({ stdout: '1\n', stderr: '' });
    }

    // One with which nothing comes: that is said, and waited for no longer than the jobs take.
    writeFileSync(join(bin, 'rsync'), '#!/bin/sh\necho "rsync: no such option" >&2\nexit 1\n');
    const waited = await project.cli(['deploy', '--yes', '--wait', '--force', '--only', 'lr-2'], { env });
    expect(waited).toMatchObject({ code: 1, stderr: expect.stringContaining('rsync: no such option') });
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
    const copies = stderr.match(/ \| rsync .* --files-from=- /g)?.length ?? 0;
    expect(copies).toBeGreaterThan(0);
    expect(copies).toBeLessThanOrEqual(4 + (Date.now() - begun) / 10_000);

    const kept = await project.cli(['terminate', '--yes']);
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain('results/secret');
    expect(kept.stderr).toMatch(/ # again, once that is fixed$/m);
    await one.exec(`chmod 644 ${jobsOn(one, project)}/${locked}/data/results/secret`);
    await well(project, ['terminate', '--yes']);
    expect(project.readRun(locked, 'data', 'results', 'secret')).toBe('mine\n');
    expect(project.receipt(locked).collected).not.toBeNull();
  });
});
