import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { endedThere, holdingOn, jobsOn, letGoOn, onHosts, well } from '../support/hosts.js';
import { Fleet, type LabMachine } from '../support/machines.js';
import { outputProblems } from '../support/output.js';
import { linesOf, type StatusOutput, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

const states = ({ conditions }: StatusOutput) => conditions.map(({ state }) => state);

describe.skipIf(isMissing('docker', 'git', 'sshd', 'root'))('a sweep running on machines', () => {
  let fleet: Fleet;
  let one: LabMachine;
  let two: LabMachine;
  let project: TestProject;
  const run = { one: '', two: '' };

  beforeAll(async () => {
    fleet = await Fleet.start({
      one: {},
      two: { shell: 'fish' },
      'without-docker': { without: ['docker'] },
      'without-rsync': { without: ['rsync'], shell: 'sh' },
      'without-group': { dockerGroup: false },
      chatty: { banner: 'It is a lovely day!' },
    });
    [one, two] = [fleet.get('one'), fleet.get('two')];
    project = onHosts(fleet, {
      parameters: {
        hosts: ['one', 'two'].map((address) => ({ address, slots: 1 })),
        experiment_conditions: ['--hold 1', '--hold 2', '--fail 7', '--hold 4'],
        metrics: { held: 'holding (\\d+)', word: 'odd (\\S+)' },
      },
    });
    await well(project, ['deploy', '--yes']);
    run.one = await holdingOn(one, project, 'hold-1');
    run.two = await holdingOn(two, project, 'hold-2');
  });
  afterAll(async () => {
    await project?.remove();
    await fleet?.remove();
  });

  it('status --json says where all stands', async () => {
    const status = await project.json(['status']);
    expect(outputProblems('status', status)).toEqual([]);
    expect(states(status)).toEqual(['running', 'running', 'pending', 'pending']);
    expect(status.live).toBe(true);
  });

  it('status has what "metrics" finds in the logs of jobs that run there, and no more of these', async () => {
    const log = `${jobsOn(two, project)}/${run.two}/logs/docker.txt`;
    const before = await two.exec(`cat ${log}`);
    const long = `i=0; while [ $i -lt 5000 ]; do echo 'half of holding 99, '; i=$((i + 1)); done`;
    // A job may print anything.
    await two.exec(`{ ${long}; printf 'holding 3\\rholding 5\\0\\033[31modd \\033]0;x\\007'; } >>${log}`);
    const { conditions } = await project.json(['status']);
    expect(conditions.map(({ measure }) => measure)).toEqual([
      { held: 1 },
      { held: 5, word: '\x1b]0;x\x07' },
      null,
      null,
    ]);
    expect(JSON.stringify(conditions)).not.toContain('half of');
    const shown = await project.ok(['status']);
    expect(shown).not.toContain('\x1b');
    expect(shown).toMatch(/ held/);
    await two.exec(`cat >${log} <<'END'\n${before}END`);
  });

  it('logs: of several machines at once, followed until the end', async () => {
    expect((await project.ok(['logs'])).split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/^hold-1-[0-9a-f]{10} \| holding 1$/),
      expect.stringMatching(/^hold-2-[0-9a-f]{10} \| holding 2$/),
    ]);
    const says = (words: string[]) => project.ok(['logs', 'hold-1', ...words]);
    expect(await says([])).toBe('holding 1\n');
    expect(await says(['--tail', '1'])).toBe('holding 1\n');
    expect(await says(['--tail', '0'])).toBe('');
    expect(await says(['--since', '1h'])).toBe('holding 1\n');
    expect(await says(['--since', '2000-01-01'])).toBe('holding 1\n');
  });

  it('logs -f ends at once with Ctrl-C, and leaves nothing running there', async () => {
    const following = project.start(['logs', 'hold-1', '-f']);
    await following.says('holding 1');
    const asked = Date.now();
    following.signal('SIGINT');
    expect((await following.ended).code).toBe(130);
    expect(Date.now() - asked).toBeLessThan(60_000);
    await until('nothing reads there', async () => !(await one.exec("pgrep -f '[r]unner.sh log ' || :")));
    expect(states(await project.json(['status']))[0]).toBe('running');
  });

  it('.logistician has what ssh and people need', async () => {
    const folder = join(project.experiment, '.logistician');
    const { conditions } = await project.json(['status']);
    const machines = readFileSync(join(folder, 'machines.txt'), 'utf8').trim().split('\n').sort();
    expect(machines).toEqual(
      conditions
        .map(({ condition }, place) => `ada@${(place % 2 === 0 ? one : two).address}\t${condition}`)
        .sort(),
    );
    for (const name of ['one', 'two', conditions[1]?.condition ?? '']) {
      const said = execFileSync('ssh', ['-F', join(folder, 'ssh_config'), name, 'uname -n; id -un'], {
        cwd: '/',
        env: project.env,
      });
      expect(said.toString()).toBe(`${name === 'one' ? 'one' : 'two'}\nada\n`);
    }
  });

  it('ssh opens the machine, or the container, of a condition', async () => {
    const words = ['-x', `it's`, '$HOME', 'a\\b', ''];
    const echo = ['printf', '%s|', ...words];
    for (const condition of ['hold-1', 'hold-2']) {
      expect(await project.ok(['ssh', condition, '--', ...echo])).toBe(`${words.join('|')}|`);
      expect(await project.ok(['ssh', condition, '--container', '--', ...echo])).toBe(`${words.join('|')}|`);
      const inside = await project.ok([
        'ssh',
        condition,
        '--container',
        '--',
        'cat',
        '/data/config/options.txt',
      ]);
      expect(inside).toBe(`${condition.replace('hold-', '--hold ')}\n`);
    }
    expect((await project.cli(['ssh', 'hold-2', '--', 'sh', '-c', 'exit 7'])).code).toBe(7);
    expect((await project.cli(['ssh', 'hold-2', '-c', '--', 'sh', '-c', 'exit 8'])).code).toBe(8);
    const notYet = await project.cli(['ssh', 'fail-7', '--container']);
    expect(notYet.code).toBe(1);
    expect(notYet.stderr).toContain('has no container now: it is pending');
    expect((await project.cli(['ssh', 'no-such'])).code).toBe(2);
  });

  it('sync brings what there is of a job running, and deletes nothing here that is gone there', async () => {
    const results = (id: string) => `${jobsOn(one, project)}/${id}/data/results`;
    await one.exec(`echo 1 >${results(run.one)}/half; echo 1 >${results(run.one)}/../measures/loss`);
    await well(project, ['sync', '--only', 'results']);
    expect(project.readRun(run.one, 'data', 'results', 'half')).toBe('1\n');
    expect(existsSync(project.run(run.one, 'data', 'measures', 'loss'))).toBe(false);
    await well(project, ['sync']);
    expect(project.readRun(run.one, 'data', 'measures', 'loss')).toBe('1\n');
    expect(project.receipt(run.one)).toMatchObject({ state: 'running', collected: null });
    await one.exec(`rm ${results(run.one)}/half; echo 22 >${results(run.one)}/whole`);
    writeFileSync(project.run(run.one, 'data', 'results', 'mine'), 'mine\n');
    await well(project, ['sync']);
    for (const [name, text] of [
      ['half', '1\n'],
      ['whole', '22\n'],
      ['mine', 'mine\n'],
    ])
      expect(project.readRun(run.one, 'data', 'results', name ?? '')).toBe(text);
    expect((await project.cli(['sync', '--only', '../x'])).code).toBe(2);
  });

  it('stop ends one gently, and what waits runs on; logs -f follows to the end', async () => {
    const following = project.start(['logs', '-f']);
    await following.says('holding 2');
    const { stdout } = await well(project, ['stop', 'hold-2']);
    expect(stdout).toMatch(/^Stopped 1: hold-2-/);
    const last = await holdingOn(two, project, 'hold-4');
    await letGoOn(one, project, run.one);
    await letGoOn(two, project, last);
    const followed = await following.ended;
    expect(followed.code).toBe(0);
    expect(followed.stdout).toMatch(/^hold-2-\S+ \| saved$/m);
    for (const line of ['hold-1', 'hold-4'])
      expect(followed.stdout).toMatch(new RegExp(`^${line}-\\S+ \\| let go$`, 'm'));
    expect(followed.stdout).toMatch(/^fail-7-\S+ \| this goes wrong$/m);
    await endedThere(fleet, project, 4);
    const status = await project.json(['status']);
    expect(states(status)).toEqual(['succeeded', 'stopped', 'failed', 'succeeded']);
    await well(project, ['sync']);
    expect(project.readRun(run.two, 'data', 'results', 'saved.txt')).toBe('saved\n');
  });

  it('deploy --retry-failed runs the failed one alone, where there is room', async () => {
    const before = project.runs;
    const { code, stdout } = await project.cli(['deploy', '--yes', '--wait', '--retry-failed']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^runs +1 of 4 conditions; skipped: 3 not failed$/m);
    const added = project.runs.filter((id) => !before.includes(id));
    expect(added.map((id) => project.receipt(id))).toMatchObject([
      { recipe: { condition: { argv: ['--fail', '7'] } }, exit_code: 7, state: 'failed' },
    ]);
  });

  slow('a large log comes whole, also to a slow reader', async () => {
    const bytes = 8_000_000;
    const tested = new TestProject({
      parameters: {
        target: 'hosts',
        hosts: ['one'],
        experiment_conditions: ['x'],
        experiment_command: `yes "$(printf %0999d 7)" | head -c ${bytes}; :`,
      },
    });
    try {
      execFileSync('cp', ['-r', join(project.home, '.ssh'), tested.home]);
      await well(tested, ['deploy', '--yes', '--wait']);
      const line = `node "$0" logs x | { sleep 1; wc -c; }`;
      const bin = join(import.meta.dirname, '../../bin/run.js');
      const said = await tested.startProgram(['sh', '-c', line, bin]).ended;
      expect(Number(said.stdout)).toBe(bytes);
      await well(tested, ['terminate', '--yes']);
    } finally {
      await tested.remove();
    }
  });

  it('doctor --hosts says of each machine what it has and what it lacks', async () => {
    const { code, stdout } = await project.cli([
      'doctor',
      '--hosts',
      'one,without-docker,without-rsync,without-group,chatty,nowhere.invalid',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^ok +one +Docker \S+, \d+ CPUs, \S+ GiB, no GPU, \S+ GB free, git [\d.]+, rsync [\d.]+, user ada$/m,
    );
    expect(stdout).toMatch(
      /^BAD +without-docker +Docker: not installed\n +sudo apt-get install docker\.io +# on without-docker$/m,
    );
    expect(stdout).toMatch(/^BAD +without-rsync +rsync: not installed\n +sudo apt-get install rsync/m);
    expect(stdout).toMatch(
      /^BAD +without-group +Docker: user ada may not use it\n +sudo usermod --append --groups docker ada/m,
    );
    expect(stdout).toMatch(/^BAD +chatty +login shell: its start-up files print "It is a lovely day!"/m);
    expect(stdout).toMatch(/^BAD +nowhere\.invalid /m);
    const own = await well(project, ['doctor', '--hosts']);
    expect(own.stdout.match(/^ok +(one|two) +Docker/gm)).toHaveLength(2);
    const findings = await project.json(['doctor', '--hosts', 'one']);
    expect(outputProblems('doctor', findings)).toEqual([]);
  });

  it('deploy leaves out what cannot run jobs, says why, and ends with 1', async () => {
    const words = ['deploy', '--yes', '--force', '--only', 'fail-7', '--hosts'];
    const { code, stderr } = await project.cli([...words, 'without-docker,chatty']);
    expect(code).toBe(1);
    expect(stderr).toContain('without-docker cannot run jobs as it is. Docker: not installed.');
    expect(stderr).toContain('logistician doctor --hosts');
  });

  it('what one has lost, terminate does not ask back', async () => {
    rmSync(project.run(run.one, 'data', 'results', 'whole'));
    await well(project, ['terminate', '--yes']);
    expect(project.readRun(run.one, 'data', 'results', 'whole')).toBe('22\n');
    for (const machine of [one, two]) expect(await machine.files(jobsOn(machine, project))).toEqual([]);
    await until('nothing is left running', () => project.processes.every((line) => line.includes('[mux]')));
    expect(linesOf('find', project.run('.'), '-name', '.rsync-partial')).toEqual([]);
  });
});
