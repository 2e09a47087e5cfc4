import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { type Finished, linesOf, packageRoot, type StatusOutput, TestProject } from '../support/project.js';
import { until } from '../support/until.js';

const states = ({ conditions }: StatusOutput) => conditions.map(({ state }) => state);

/** Those of machines that other tests have at this moment come and go. */
const networks = () =>
  linesOf('docker', 'network', 'ls', '--format', '{{.ID}}:{{.Label "logistician.test"}}')
    .filter((line) => line.endsWith(':'))
    .sort();

describe.skipIf(isMissing('docker', 'git'))('a sweep on this computer, from deploy to terminate', () => {
  let project: TestProject;
  let first: StatusOutput;
  let networksBefore: string[];

  beforeAll(() => {
    networksBefore = networks();
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1', '--lr 0.01'] } });
  });
  afterAll(() => project.remove());

  it('--dry-run prints lines and does nothing', async () => {
    const { code, stdout, stderr } = await project.cli(['deploy', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +2 of 2 conditions$/m);
    expect(stderr).toMatch(/^\$ .*docker build/m);
    expect(stderr).toMatch(/^\$ sh .*runner\.sh begin /m);
    expect(project.runs).toEqual([]);
    expect(project.repository.git('status', '--porcelain', '--ignored')).toBe('');
    expect(project.containers).toEqual([]);
  });

  it('deploy --wait runs all to the end and leaves receipts and results', async () => {
    const { code, stdout, stderr } = await project.cli(['deploy', '--yes', '--wait']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^2 of 2 ended: 2 succeeded /m);
    const receipts = project.receipts();
    expect(receipts.map(({ recipe }) => recipe.condition.argv.join(' ')).sort()).toEqual([
      '--lr 0.01',
      '--lr 0.1',
    ]);
    for (const { id, state, exit_code, recipe } of receipts) {
      expect({ state, exit_code }).toEqual({ state: 'succeeded', exit_code: 0 });
      expect(project.readRun(id, 'data', 'results', 'rate.txt')).toBe(`${recipe.condition.argv[1]}\n`);
    }
    expect(new Set(receipts.map(({ deployment }) => deployment)).size).toBe(1);
    expect(receipts[0]?.recipe.source).toMatchObject({
      commit: project.repository.head,
      live: false,
      snapshot: false,
    });
    expect(project.repository.git('status', '--porcelain')).toBe('');
    first = await project.json(['status']);
    expect(states(first)).toEqual(['succeeded', 'succeeded']);
    expect(first).toMatchObject({ live: false, deployment: { commit: project.repository.head } });
  });

  it('status shows each condition; status --json says the same', async () => {
    const text = await project.ok(['status']);
    for (const { condition, last_line, exit_code } of first.conditions) {
      expect(text).toMatch(new RegExp(`^${condition} +succeeded +${exit_code} .* ${last_line}`, 'm'));
    }
    expect(first.conditions.map(({ last_line }) => last_line)).toEqual([
      'the rate is 0.1',
      'the rate is 0.01',
    ]);
  });

  it('logs: one as it is, all with their ids in front, the last lines, none of the future', async () => {
    const [one, other] = first.conditions.map(({ condition }) => condition);
    expect(await project.ok(['logs', 'lr-0-01'])).toBe('the rate is 0.01\n');
    expect((await project.ok(['logs'])).split('\n').sort()).toEqual(
      ['', `${one} | the rate is 0.1`, `${other} | the rate is 0.01`].sort(),
    );
    expect(await project.ok(['logs', '-f', 'lr-0-1'])).toBe('the rate is 0.1\n');
    expect(await project.ok(['logs', project.experiment, 'lr-0-1'], { cwd: project.scratch })).toBe(
      'the rate is 0.1\n',
    );
    expect(await project.ok(['logs', '--tail', '0'])).toBe('');
    expect(await project.ok(['logs', '--since', '2000-01-01', 'lr-0-1'])).toBe('the rate is 0.1\n');
  });

  it('sync says where the results are', async () => {
    const text = await project.ok(['sync']);
    for (const { run } of first.conditions) expect(text).toContain(`${project.run(run ?? '', 'data')}\n`);
  });

  it('deployed again, it skips what has succeeded and says so', async () => {
    const { code, stdout } = await project.cli(['deploy']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +0 of 2 conditions; skipped: 2 succeeded already$/m);
    expect(stdout).toContain('Nothing to run. --force runs again what has succeeded.\n');
    expect(project.runs).toHaveLength(2);
  });

  it('a condition that is new in parameters.json runs alone, with the file not committed', async () => {
    project.setParameters({ experiment_conditions: ['--lr 0.1', '--lr 0.01', '--lr 1'] });
    const { code, stdout } = await project.cli(['deploy', '--yes', '--wait']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +1 of 3 conditions; skipped: 2 succeeded already$/m);
    expect(project.runs).toHaveLength(3);
    expect(project.receipt().recipe.condition.argv).toEqual(['--lr', '1']);
    expect(project.readRun(project.runs.at(-1), 'parameters.json')).toBe(
      readFileSync(join(project.experiment, 'parameters.json'), 'utf8'),
    );
  });

  it.each([
    ['--force with --only runs that one again', ['--force', '--only', 'lr-0-01'], ['0.01']],
    ['--first 2 runs the first two', ['--force', '--first', '2'], ['0.1', '0.01']],
    ['--only twice', ['--force', '--only', 'lr-1', '--only', 'lr-0-1'], ['0.1', '1']],
    ['--first without --force skips', ['--first', '1'], []],
  ])('%s', async (_, words, rates) => {
    const before = project.runs;
    expect((await project.cli(['deploy', '--yes', '--wait', ...words])).code).toBe(0);
    const added = project.runs.filter((id) => !before.includes(id));
    expect(added.map((id) => project.receipt(id).recipe.condition.argv[1]).sort()).toEqual([...rates].sort());
  });

  it('a change of the code runs all again; of the file alone, none', async () => {
    project.repository.write({ 'job.sh': 'echo "the new rate is $2"\n' });
    project.repository.commit('Another job');
    expect((await project.cli(['deploy', '--dry-run'])).stdout).toMatch(/^runs +3 of 3 conditions$/m);
    project.repository.git('reset', '--quiet', '--hard', 'HEAD^');
    project.setParameters({ experiment_conditions: ['--lr 0.1', '--lr 0.01', '--lr 1'] });
    expect((await project.cli(['deploy', '--dry-run'])).stdout).toMatch(/^runs +0 of 3 conditions/m);
  });

  it('--snapshot runs the tree as it is, branch and index untouched', async () => {
    const { head } = project.repository;
    project.repository.write({ 'job.sh': 'cat untracked\n', untracked: 'from an untracked file\n' });
    const dirt = project.repository.git('status', '--porcelain');
    const plan = await project.cli(['deploy', '--snapshot', '--dry-run', '--first', '1']);
    expect({ code: plan.code, error: plan.stderr.match(/^Error.*/m) }).toEqual({ code: 0, error: null });
    expect((await project.cli(['deploy', '--yes', '--wait', '--snapshot', '--first', '1'])).code).toBe(0);
    expect(project.receipt().recipe.source).toMatchObject({ snapshot: true, live: false });
    expect(await project.ok(['logs', 'lr-0-1'])).toBe('from an untracked file\n');
    const { commit } = project.receipt().recipe.source;
    const again = ['deploy', '--yes', '--wait', '--commit', commit, '--first', '1', '--force'];
    expect((await project.cli(again)).stdout).toContain(
      `${commit.slice(0, 10)} (a snapshot of the working tree`,
    );
    expect(project.receipt().recipe.source).toMatchObject({ snapshot: true, commit });
    expect(project.repository.head).toBe(head);
    expect(project.repository.git('status', '--porcelain')).toBe(dirt);
    project.repository.git('checkout', '--quiet', '--', 'job.sh');
    project.repository.git('clean', '--quiet', '--force');
  });

  it('terminate leaves no container, no process, no network and no queue, and all results', async () => {
    const runs = project.runs;
    const { code, stdout } = await project.cli(['terminate', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('Terminated.');
    await project.quiet();
    expect(networks()).toEqual(networksBefore);
    expect(project.runs).toEqual(runs);
    const status = await project.json(['status']);
    expect(status.deployment?.released).toMatch(/^\d{4}-/);
    expect(project.receipts().every(({ state }) => state === 'succeeded')).toBe(true);
    for (const folder of [project.stateFolder, join(project.experiment, '.logistician')])
      expect(linesOf('ls', folder)).not.toContain('queue');
    expect(runs.filter((id) => existsSync(project.jobFolder(id)))).toEqual([]);
  });

  it('terminated again, it has nothing to do', async () => {
    const { code, stdout } = await project.cli(['terminate', '--yes']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'There is no deployment here; nothing to end.\n' });
  });
});

describe.skipIf(isMissing('docker', 'git'))('while a deployment is live', () => {
  let project: TestProject;
  let live: string;

  beforeAll(async () => {
    project = new TestProject({
      parameters: { experiment_conditions: ['--hold one', '--hold two', '--lr 1'] },
    });
    live = project.repository.head;
    await project.ok(['deploy', '--yes', '--slots', '2']);
    await project.holding('hold-one');
    await project.holding('hold-two');
  });
  afterAll(() => project.remove());

  it('status says who runs and who waits', async () => {
    const status = await project.json(['status']);
    expect(status.live).toBe(true);
    expect(states(status)).toEqual(['running', 'running', 'pending']);
  });

  it('run tries a condition meanwhile, and hides no job of its own', async () => {
    const held = await project.holding('hold-one');
    const trying = project.start(['run', '--condition', 'hold-one']);
    await trying.says('holding one');
    const hidden = await project.json(['status']);
    const tried = project.runs.at(-1) ?? '';
    project.letGo(tried);
    expect((await trying.ended).code).toBe(0);
    expect(project.receipt(tried)).toMatchObject({
      state: 'succeeded',
      condition: project.receipt(held).condition,
    });
    for (const { live, conditions } of [hidden, await project.json(['status'])])
      expect({ live, first: conditions[0] }).toMatchObject({
        live: true,
        first: { run: held, state: 'running' },
      });
    expect(await project.ok(['stop', 'hold-one', '--dry-run'])).toMatch(/^Would end 1: hold-one/m);
  });

  it.each([
    ['logs', '-f'],
    ['status', '--watch'],
  ])('%s %s ends with 130 on Ctrl-C, and harms no job', async (...words) => {
    const looking = project.start(words);
    await looking.says(words[0] === 'logs' ? 'holding one' : '2 running');
    looking.signal('SIGINT');
    expect((await looking.ended).code).toBe(130);
    expect(states(await project.json(['status']))).toEqual(['running', 'running', 'pending']);
  });

  it('logs -f follows until the job ends, without losing a line', async () => {
    const following = project.start(['logs', '-f', 'hold-one']);
    await following.says('holding one');
    project.letGo(await project.holding('hold-one'));
    expect(await following.ended).toMatchObject({ code: 0, stdout: 'holding one\nlet go\n' });
  });

  it('deploy at its commit adds what is new and leaves alone what is there', async () => {
    const conditions = ['--hold one', '--hold two', '--lr 1', '--lr 2'];
    project.setParameters({ experiment_conditions: conditions });
    const { code, stdout } = await project.cli(['deploy', '--yes', '--slots', '2']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +1 of 4 conditions; skipped: /m);
  });

  describe('deploy at another commit', () => {
    let refusal: Finished;

    beforeAll(async () => {
      project.repository.write({ 'job.sh': 'echo "another job"\n' });
      project.repository.commit('Another job');
      refusal = await project.cli(['deploy', '--yes']);
    });

    const wayOut = (pattern: RegExp) =>
      pattern.exec(refusal.stderr)?.[0].trim().split(/\s+#/)[0]?.split(/\s+/).slice(1) ?? [];

    it('is refused, with both ways out', () => {
      expect(refusal.code).toBe(1);
      expect(refusal.stderr).toContain(live.slice(0, 10));
      expect(refusal.stderr).toContain(project.repository.head.slice(0, 10));
      expect(wayOut(/^ {4}logistician deploy.*/m)).toEqual([
        'deploy',
        '--commit',
        live.slice(0, 10),
        '--wait',
      ]);
      expect(wayOut(/^ {4}logistician terminate.*/m)).toEqual(['terminate']);
    });

    it('the first way goes on with the live one to its end', async () => {
      const words = wayOut(/^ {4}logistician deploy.*/m);
      const rejoined = project.start(words);
      await rejoined.says(/3 of 4 ended/);
      project.letGo(await project.holding('hold-two'));
      expect((await rejoined.ended).code).toBe(0);
      expect(project.receipts().map(({ recipe }) => recipe.source.commit)).toEqual(Array(5).fill(live));
    });

    it('the second way ends it, and then the other commit can be deployed', async () => {
      const again = { experiment_conditions: ['--hold three'] };
      project.setParameters(again);
      await project.ok(['deploy', '--yes', '--commit', live]);
      await project.holding('hold-three');
      const { code } = await project.cli([...wayOut(/^ {4}logistician terminate.*/m), '--yes']);
      expect(code).toBe(0);
      expect(project.receipt()).toMatchObject({ state: 'stopped', reason: 'user' });
      expect(project.readRun(project.runs.at(-1), 'data', 'results', 'saved.txt')).toBe('saved\n');
      await project.quiet();
      project.setParameters({ experiment_conditions: ['--lr 1'] });
      expect((await project.cli(['deploy', '--yes', '--wait'])).code).toBe(0);
      expect(await project.ok(['logs', 'lr-1'])).toBe('another job\n');
    });
  });
});

describe.skipIf(isMissing('docker', 'git'))('failure, stop and retry', () => {
  let project: TestProject;
  let commit: string;

  beforeAll(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 1', '--fail 7', '--lr 2'] } });
    commit = project.repository.head;
  });
  afterAll(() => project.remove());

  it('--retry-failed has nothing to retry before anything ran', async () => {
    const { code, stderr } = await project.cli(['deploy', '--yes', '--retry-failed']);
    expect(code).toBe(1);
    expect(stderr).toContain('Error: There is no deployment here whose failed conditions');
    expect(stderr).toContain('\n    logistician deploy\n');
  });

  it('one condition that fails: exit code 1, and the others run', async () => {
    const { code, stdout, stderr } = await project.cli(['deploy', '--yes', '--wait']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^3 of 3 ended: 2 succeeded, 1 failed /m);
    expect(stdout).toMatch(/^fail-7-[0-9a-f]{10} +failed +7 .*this goes wrong/m);
    expect(stderr).toContain('logistician deploy --retry-failed');
    const failed = (await project.json(['status'])).conditions[1];
    expect(failed).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 7 });
  });

  it('deployed again, the failed one alone runs, and fails again', async () => {
    const { code, stdout } = await project.cli(['deploy', '--yes', '--wait']);
    expect(stdout).toMatch(/^runs +1 of 3 conditions; skipped: 2 succeeded already$/m);
    expect(code).toBe(1);
  });

  it('--retry-failed runs exactly the failed one, at the deployment’s commit, whatever the tree holds', async () => {
    project.repository.write({ 'job.sh': 'echo "later job"\n' });
    project.repository.commit('Later');
    project.repository.write({ 'job.sh': 'echo "dirty job"\n' });
    const before = project.runs;
    const { code, stdout } = await project.cli(['deploy', '--yes', '--wait', '--retry-failed']);
    expect(stdout).toMatch(/^runs +1 of 3 conditions; skipped: 2 not failed$/m);
    expect(code).toBe(1);
    const added = project.runs.filter((id) => !before.includes(id));
    expect(added.map((id) => project.receipt(id))).toMatchObject([
      { exit_code: 7, recipe: { condition: { argv: ['--fail', '7'] }, source: { commit } } },
    ]);
    expect(await project.ok(['logs', 'fail-7'])).toBe('this goes wrong\n');
    project.repository.git('reset', '--quiet', '--hard', commit);
  });

  it('a deploy of which nobody reads the rest is whole all the same', async () => {
    const ours = [
      process.execPath,
      join(packageRoot, 'bin', 'run.js'),
      'deploy',
      '--yes',
      '--force',
      '--only',
      'lr-1',
    ];
    const before = project.runs.length;
    await project.startProgram(['sh', '-c', '"$@" 2>&1 | head -n 1', 'sh', ...ours]).ended;
    expect(project.runs).toHaveLength(before + 1);
    const ran = async () => states(await project.json(['status']))[0] === 'succeeded';
    await until('it has run', ran);
  });

  it('a deploy whose image cannot be built leaves the failed ones to --retry-failed', async () => {
    project.repository.write({ 'experiments/one/Dockerfile': 'FROM nothing-of-the-kind\n' });
    project.repository.commit('Cannot be built');
    expect((await project.cli(['deploy', '--yes'])).stderr).toContain('The image could not be built');
    const { stdout } = await project.cli(['deploy', '--dry-run', '--retry-failed']);
    expect(stdout).toMatch(/^runs +1 of 3 conditions; skipped: 2 not failed$/m);
    expect((await project.json(['status'])).deployment?.commit).toBe(commit);
    project.repository.git('reset', '--quiet', '--hard', commit);
  });

  it('stop ends one of two; the other runs on; deploy runs the stopped one again', async () => {
    await project.ok(['terminate', '--yes']);
    project.setParameters({ experiment_conditions: ['--hold one', '--hold two'] });
    await project.ok(['deploy', '--yes', '--slots', '2']);
    const one = await project.holding('hold-one');
    const two = await project.holding('hold-two');
    const { stopped } = await project.json<{ stopped: string[] }>(['stop', 'hold-one']);
    expect(stopped).toEqual([expect.stringMatching(/^hold-one-/)]);
    expect(project.receipt(one)).toMatchObject({ state: 'stopped', reason: 'user', exit_code: 3 });
    expect(project.readRun(one, 'data', 'results', 'saved.txt')).toBe('saved\n');
    expect(states(await project.json(['status']))).toEqual(expect.arrayContaining(['stopped', 'running']));

    const { stdout } = await project.cli(['deploy', '--yes', '--slots', '2']);
    expect(stdout).toMatch(/^runs +1 of 2 conditions; skipped: 1 in the live deployment$/m);
    const again = project.runs.filter((id) => id.includes('hold-one')).at(-1) ?? '';
    expect(again).not.toBe(one);
    const waiting = project.start(['deploy', '--wait']);
    await project.holding(again);
    project.letGo(again);
    project.letGo(two);
    expect((await waiting.ended).code).toBe(0);
    expect(project.receipt(again).state).toBe('succeeded');
  });

  it('stop with nothing at work is no error', async () => {
    const { code, stdout } = await project.cli(['stop']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'No job is running or waiting.\n' });
  });

  it('--retry-failed where nothing failed runs nothing', async () => {
    const before = project.runs;
    const { code, stdout } = await project.cli(['deploy', '--yes', '--retry-failed', '--only', 'hold-one']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +0 of 1 condition; skipped: 1 not failed$/m);
    expect(project.runs).toEqual(before);
  });

  it('leaves nothing', async () => {
    await project.ok(['terminate', '--yes']);
    await project.quiet();
    expect(project.receipts().length).toBeGreaterThan(5);
  });
});
