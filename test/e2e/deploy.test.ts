import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyState } from '../../src/targets/state-copy.js';
import { docker } from '../support/docker.js';
import { isMissing, variants } from '../support/engines.js';
import { outputProblems } from '../support/output.js';
import { type Finished, linesOf, packageRoot, type StatusOutput, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { until } from '../support/until.js';

interface ListOutput {
  readonly experiments: readonly { readonly folder: string }[];
}

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
    expect(stderr).toMatch(/\| sh .*runner\.sh deliver .* begin -/m);
    expect(project.runs).toEqual([]);
    expect(project.repository.git('status', '--porcelain', '--ignored')).toBe('');
    expect(project.containers).toEqual([]);
  });

  it('deploy --wait runs all to the end and leaves receipts and results', async () => {
    const told = join(project.scratch, 'told');
    const line = `env | grep -E '^LOGISTICIAN_(STATUS|SUCCEEDED|MESSAGE|FOLDER)=' | sort >'${told}'`;
    const why = ['-m', 'the baseline', '--notify', line];
    const { code, stdout, stderr } = await project.cli(['deploy', '--yes', '--wait', ...why]);
    expect(readFileSync(told, 'utf8').split('\n')).toEqual([
      `LOGISTICIAN_FOLDER=${project.experiment}`,
      'LOGISTICIAN_MESSAGE=the baseline',
      'LOGISTICIAN_STATUS=succeeded',
      'LOGISTICIAN_SUCCEEDED=2',
      '',
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^message +the baseline$/m);
    expect(stdout).toMatch(/^2 of 2 ended: 2 succeeded .*, "the baseline"\)$/m);
    const receipts = project.receipts();
    expect(receipts.map(({ message }) => message)).toEqual(['the baseline', 'the baseline']);
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
    expect(first).toMatchObject({
      live: false,
      deployment: { commit: project.repository.head, message: 'the baseline' },
    });
  });

  slow(
    'the setting notify is told of the end of status --watch and run; how it ends changes nothing',
    async () => {
      const [told, settings] = ['told-too', 'home/.logistician/config.json'].map((name) =>
        join(project.scratch, name),
      );
      if (!told || !settings) throw new Error('no paths');
      const notify = `printf '%s\\n' "$LOGISTICIAN_SUMMARY" >>'${told}'; exit 7`;
      writeFileSync(settings, JSON.stringify({ notify }));
      const watched = await project.cli(['status', '--watch']);
      expect(watched.code).toBe(0);
      expect(watched.stderr).toContain('The command of notify failed with exit code 7.');
      expect((await project.cli(['run', '-o', '--fail 3'])).code).toBe(3);
      expect((await project.cli(['run', '-o', '--fail 4', '--notify', ''])).code).toBe(4);
      const [one, other, ...more] = readFileSync(told, 'utf8').split('\n');
      expect([one, ...more]).toEqual([`${project.name}: 2 of 2 succeeded`, '']);
      expect(other).toMatch(new RegExp(`^${project.name}: failed with exit code 3: fail-3-`));
      rmSync(settings);
      for (const id of project.runs.filter((run) => run.includes('fail-')))
        rmSync(project.run(id), { recursive: true });
    },
  );

  it('status shows each condition; status --json says the same', async () => {
    const text = await project.ok(['status']);
    for (const { condition, last_line } of first.conditions)
      expect(text).toMatch(new RegExp(`^${condition} +\\S+ +succeeded .* ${last_line}`, 'm'));
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
    expect(text).toContain('0 collected now; of 2 that have run, 2 have data in runs.');
  });

  it('deployed again, it skips what has succeeded and says so', async () => {
    const { code, stdout } = await project.cli(['deploy']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +0 of 2 conditions; skipped: 2 succeeded already$/m);
    expect(stdout).toContain('Nothing to run. --force runs succeeded conditions again.\n');
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

  it.each<[string, string[], string[]]>(
    variants(
      ['--force with --only runs that one again', ['--force', '--only', 'lr-0-01'], ['0.01']],
      ['--first 2 runs the first two', ['--force', '--first', '2'], ['0.1', '0.01']],
      ['--only twice', ['--force', '--only', 'lr-1', '--only', 'lr-0-1'], ['0.1', '1']],
      ['--first without --force skips', ['--first', '1'], []],
    ),
  )('%s', async (_, words, rates) => {
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

  slow('L16: what changed since a success is named, and each line that it says keeps it', async () => {
    const succeeded = project.repository.head.slice(0, 10);
    project.repository.write({ 'NOTES.md': 'a thought\n' });
    project.repository.commit('Notes');
    const { stdout } = await project.cli(['deploy', '--dry-run']);
    const [, sentence, line, code] = /^again +(.*)\n +(logistician .*)\n +("code": .*\])/m.exec(stdout) ?? [];
    expect(sentence).toBe(`3 succeeded at ${succeeded}; since then NOTES.md changed`);
    expect(line).toBe(`logistician deploy --commit ${succeeded}    # keeps them`);
    const words = (line ?? '').replace(/ +#.*/, '').split(' ').slice(1);
    const nothing = /^runs +0 of 3 conditions; skipped: 3 succeeded already$/m;
    expect((await project.cli([...words, '--dry-run'])).stdout).toMatch(nothing);
    const conditions = ['--lr 0.1', '--lr 0.01', '--lr 1'];
    const named = { experiment_conditions: conditions, ...JSON.parse(`{${code}}`) };
    project.setParameters(named);
    expect((await project.cli(['deploy', '--dry-run'])).stdout).toMatch(nothing);
    project.setParameters({ ...named, environment: { SEED: '1' } });
    const [id] = project.runs.slice(-1);
    const again = await project.cli(['deploy', '--dry-run']);
    expect(again.stdout).toMatch(/^again +3 succeeded at \w{10}; since then environment\.SEED changed$/m);
    expect(again.stdout).toMatch(/^ +diff runs\/\S+\/parameters\.json parameters\.json$/m);
    expect(existsSync(project.run(id, 'parameters.json'))).toBe(true);
    const said = await project.json<object>(['deploy', '--dry-run']);
    expect(said).toMatchObject({ changed_since_success: [{ files: [], settings: ['environment.SEED'] }] });
    project.repository.git('reset', '--quiet', '--hard', 'HEAD^');
    project.setParameters({ experiment_conditions: conditions });
  });

  slow('L16, L18: inputs count by their contents, which are in the receipt', async () => {
    const input = join(project.scratch, 'input');
    mkdirSync(input);
    writeFileSync(join(input, 'data'), 'one\n');
    project.setParameters({ experiment_conditions: ['--lr 0.1'], inputs: { data: input } });
    const added = await project.cli(['deploy', '--dry-run']);
    expect(added.stdout).toMatch(/^again .*; since then inputs\.data changed$/m);
    expect((await project.cli(['deploy', '--yes', '--wait'])).code).toBe(0);
    const line = 'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -z | sha256sum';
    const [hash] = execFileSync('sh', ['-c', line], { cwd: input }).toString().split(' ');
    expect(project.receipt().recipe.inputs.data).toMatchObject({ path: input, hash });
    execFileSync('touch', [join(input, 'data')]);
    expect((await project.cli(['deploy', '--dry-run'])).stdout).toMatch(/^runs +0 of 1 condition;/m);
    writeFileSync(join(input, 'data'), 'two\n');
    const { stdout } = await project.cli(['deploy', '--dry-run']);
    expect(stdout).toMatch(/^again +1 succeeded at \w{10}; since then inputs\.data changed$/m);
    project.setParameters({ experiment_conditions: ['--lr 0.1', '--lr 0.01', '--lr 1'] });
  });

  slow('--snapshot runs the tree as it is, branch and index untouched', async () => {
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
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'There is no deployment here; nothing to terminate.\n',
    });
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

  slow('run tries a condition meanwhile, and hides no job of its own', async () => {
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
  });

  slow('N4: a dry run says what would be ended, in JSON too', async () => {
    const { stdout, stderr } = await project.cli(['stop', 'hold-one', '--dry-run']);
    expect(stdout).toMatch(/^Would stop 1: hold-one/m);
    expect(stderr).not.toContain('Next:');
    const stop = await project.json<Record<string, unknown>>(['stop', 'hold-one', '--dry-run']);
    expect(outputProblems('stop', stop)).toEqual([]);
    expect(stop).toMatchObject({
      dry_run: true,
      stopped: [],
      would_stop: [expect.stringMatching(/^hold-one/)],
    });
    expect(await project.ok(['terminate', '--dry-run'])).toMatch(/^Would terminate 3: hold-/m);
    const terminate = await project.json<Record<string, unknown>>(['terminate', '--dry-run']);
    expect(outputProblems('terminate', terminate)).toEqual([]);
    expect(terminate).toMatchObject({ dry_run: true, terminated: false, deployment: { released: null } });
    expect(terminate.would_terminate).toHaveLength(3);
  });

  slow(
    'list: how each experiment of the project stands, at 80 columns and as JSON, without asking anything',
    async () => {
      project.repository.write({
        'experiments/two/Dockerfile': 'FROM scratch\n',
        'experiments/two/parameters.json': `{"experiment_name": "${project.name}-two"}`,
      });
      const env = { COLUMNS: '80', DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
      const text = await project.ok(['list'], { env, cwd: project.root });
      expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(text).toMatch(/^EXPERIMENT +STATE/m);
      expect(text).toMatch(new RegExp(`^${project.name} +2 running, 1 pending`, 'm'));
      expect(text).toMatch(new RegExp(`^${project.name}-two +not run`, 'm'));
      const own = await project.json<ListOutput>(['list'], { env });
      expect(outputProblems('list', own)).toEqual([]);
      expect(own.experiments).toMatchObject([
        {
          experiment: project.name,
          folder: project.experiment,
          exists: true,
          live: true,
          as_last_seen: false,
          states: { running: 2, pending: 1 },
          deployment: { target: 'local', released: null },
        },
        { experiment: `${project.name}-two`, deployment: null, live: false, runs: 0 },
      ]);
      // From anywhere: those that were run from this computer.
      const all = await project.json<ListOutput>(['list', '--all'], { env, cwd: project.scratch });
      expect(all.experiments.map(({ folder }) => folder)).toEqual([project.experiment]);
      execFileSync('rm', ['-r', join(project.root, 'experiments', 'two')]);
      expect(states(await project.json(['status']))).toEqual(['running', 'running', 'pending']);
    },
  );

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

  it('deploy at its commit adds what is new and leaves alone what exists', async () => {
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
      const commits = project.receipts().map(({ recipe }) => recipe.source.commit);
      expect([commits.length >= 4, new Set(commits)]).toEqual([true, new Set([live])]);
    });

    slow('the second way ends it, and then the other commit can be deployed', async () => {
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
    expect(stdout).toMatch(/^fail-7-[0-9a-f]{10} .* failed \(exit 7\) .*this goes wrong/m);
    expect(stderr).toContain('logistician deploy --retry-failed');
    const failed = (await project.json(['status'])).conditions[1];
    expect(failed).toMatchObject({ state: 'failed', reason: 'exit', exit_code: 7 });
  });

  it('N12: every verb takes several conditions, patterns, states and arguments', async () => {
    const names = async (...words: string[]) =>
      (await project.json([words[0] ?? '', ...words.slice(1)])).conditions.map(({ condition }) =>
        condition.replace(/-[0-9a-f]{10}$/, ''),
      );
    expect(await names('status', '--failed')).toEqual(['fail-7']);
    const [row] = (await project.json(['status', 'lr-2'])).conditions;
    expect(row).toMatchObject({ argv: ['--lr', '2'], parameters: {}, commit, older_result: null });
    expect(row).toMatchObject({ folder: project.run(row?.run ?? '') });
    expect(await names('status', 'lr-*', '--where', 'lr>1')).toEqual(['lr-2']);
    expect(await names('status', 'fail-7', 'lr-1')).toEqual(['lr-1', 'fail-7']);
    expect(await project.ok(['status', '--state', 'stopped', '--state', 'lost'])).toBe(
      'No condition is stopped or lost.\n',
    );
    expect(await project.ok(['logs', '--failed'])).toMatch(/^fail-7-\S+ \| this goes wrong\n$/);
    expect((await project.cli(['logs', '--state', 'running'])).stderr).toBe('No condition is running.\n');
    expect(await project.ok(['sync', 'lr-*'])).toMatch(/^0 collected now; of 2 that have run, 2 have data/);
    expect(await project.ok(['stop', 'lr-*', '--state', 'pending'])).toBe('No job is running or waiting.\n');
    expect(await project.ok(['terminate', '--state', 'running', '--yes'])).toBe('No condition is running.\n');
    const forced = await project.ok([
      'deploy',
      '--dry-run',
      '--force',
      '--only',
      'lr-*',
      '--where',
      'lr=2.0',
    ]);
    expect(forced).toMatch(/^runs +1 of 3 conditions$/m);
    const { code, stderr } = await project.cli(['run', '--where', 'lr=3', '--dry-run']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(
        'Error: No condition fits --where "lr=3". The values are:\n  lr: 1, 2\n',
      ),
    });
    expect((await project.cli(['ssh', 'lr-*'])).stderr).toContain(
      '2 conditions match; name one of them:\n  lr-1-',
    );
  });

  it('deployed again, the failed one alone runs, and fails again', async () => {
    const { code, stdout } = await project.cli(['deploy', '--yes', '--wait']);
    expect(stdout).toMatch(/^runs +1 of 3 conditions; skipped: 2 succeeded already$/m);
    expect(code).toBe(1);
  });

  it('--retry-failed runs exactly the failed one, at the deployment’s commit, with any tree', async () => {
    project.repository.write({ 'job.sh': 'echo "later job"\n' });
    project.repository.commit('Later');
    project.repository.write({ 'job.sh': 'echo "dirty job"\n' });
    const before = project.runs;
    const { code, stdout } = await project.cli(['deploy', '--yes', '--wait', '--retry-failed']);
    expect(stdout).toMatch(/^runs +1 of 3 conditions; skipped: 2 not failed$/m);
    expect(code).toBe(1);
    const added = project.runs.filter((id) => !before.includes(id));
    expect(added.map((id) => project.receipt(id))).toMatchObject([
      {
        ...{ exit_code: 7, recipe: { condition: { argv: ['--fail', '7'] }, source: { commit } } },
        came_from: { kind: 'retry', run: before.findLast((id) => id.includes('fail-7')) },
      },
    ]);
    expect(await project.ok(['logs', 'fail-7'])).toBe('this goes wrong\n');
    project.repository.git('reset', '--quiet', '--hard', commit);
  });

  slow('a deploy whose output is not read to its end is whole all the same', async () => {
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

  it('N11: stop ends one of two and lasts; the other runs on; --retry-stopped runs it again', async () => {
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

    const { stdout, stderr } = await project.cli(['deploy', '--yes', '--slots', '2']);
    expect(stdout).toMatch(
      /^runs +0 of 2 conditions; skipped: 1 stopped \(--retry-stopped runs them again\), 1 in the live deployment$/m,
    );
    expect(stdout).toContain('Nothing to run. --retry-stopped runs stopped conditions again.');
    expect(stderr).toContain('logistician deploy --wait');
    expect((await project.cli(['status'])).stderr).toContain(
      'logistician deploy --retry-stopped    # the 1 that',
    );
    await project.ok(['deploy', '--yes', '--retry-stopped', '--slots', '2']);
    const again = project.runs.filter((id) => id.includes('hold-one')).at(-1) ?? '';
    expect(again).not.toBe(one);
    const waiting = project.start(['deploy', '--wait']);
    await project.holding(again);
    project.letGo(again);
    project.letGo(two);
    expect((await waiting.ended).code).toBe(0);
    expect(project.receipt(again).state).toBe('succeeded');
  });

  it('stop with nothing running is no error', async () => {
    const { code, stdout } = await project.cli(['stop']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'No job is running or waiting.\n' });
  });

  it('--retry-failed where nothing failed runs nothing', async () => {
    const before = project.runs;
    const { code, stdout } = await project.cli(['deploy', '--yes', '--retry-failed', '--only', 'hold-one']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runs +0 of 2 conditions; skipped: 1 not failed$/m);
    expect(project.runs).toEqual(before);
  });

  slow(
    'N11: what was stopped stays so in the next deployment of the same code, and runs if it is named',
    async () => {
      project.setParameters({ experiment_conditions: ['--hold three'] });
      await project.ok(['deploy', '--yes']);
      await project.holding('hold-three');
      expect((await project.cli(['stop'])).stderr).toContain(
        'logistician deploy --retry-stopped    # the 1 that',
      );
      await project.ok(['terminate', '--yes']);
      project.setParameters({ experiment_conditions: ['--hold three', '--lr 3'] });
      const plan = (...words: string[]) => project.ok(['deploy', '--dry-run', ...words]);
      expect(await plan()).toMatch(/^runs +1 of 2 conditions; skipped: 1 stopped \(/m);
      expect(await plan('--only', 'hold-three')).toMatch(/^runs +1 of 2 conditions$/m);
      expect(await plan('--force')).toMatch(/^runs +2 of 2 conditions$/m);
      expect(await plan('--retry-stopped')).toMatch(/^runs +1 of 2 conditions; skipped: 1 not stopped$/m);
    },
  );

  slow(
    'N19: jobs that could not be started hold the others, and the line that is proposed starts them',
    async () => {
      await project.ok(['terminate', '--yes']);
      const network = `logistician-test-${process.pid}-${Date.now()}`;
      const all = [1, 2, 3, 4, 5].map((n) => `--seed ${n}`);
      project.setParameters({ experiment_conditions: all, docker_run_args: ['--network', network] });
      const { code, stdout, stderr } = await project.cli(['deploy', '--yes', '--wait', '--slots', '1']);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^2 jobs on .+ wait for another deploy: 3 in a row could not be started there\.$/m,
      );
      expect(states(await project.json(['status']))).toEqual([
        'failed',
        'failed',
        'failed',
        'pending',
        'pending',
      ]);
      const [, words = ''] =
        /^ {2}logistician (deploy --commit \S+) +# starts the 2 that wait$/m.exec(stderr) ?? [];
      await docker('network', 'create', '--label', 'logistician.test=network', network);
      try {
        expect((await project.cli([...words.split(' '), '--wait'])).code).toBe(1);
        expect(states(await project.json(['status']))).toEqual([
          ...Array(3).fill('failed'),
          'succeeded',
          'succeeded',
        ]);
      } finally {
        await docker('network', 'rm', network);
      }
    },
  );

  it('leaves nothing', async () => {
    await project.ok(['terminate', '--yes']);
    await project.quiet();
    expect(project.receipts().length).toBeGreaterThan(5);
  });
});

describe.skipIf(isMissing('docker', 'git'))('L15: /data/state of a condition', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      parameters: { experiment_conditions: ['--tries 9'] },
      files: {
        'job.sh': `cd /data/state; tries=$(($(cat tries 2>/dev/null || echo 0) + 1))
          echo "$tries" >tries; ln -sfn /etc/hostname link
          echo "attempt $LOGISTICIAN_ATTEMPT, try $tries"; [ "$tries" -ge "$2" ]\n`,
      },
    });
  });
  afterAll(() => project.remove());

  /** What the new attempt says of itself, its receipt of what it goes on from, and the command of that. */
  async function attempt(...words: readonly string[]) {
    const before = project.runs;
    const said = await project.cli(words);
    const [run = ''] = project.runs.filter((id) => !before.includes(id));
    expect(project.receipt(run).state).toBe('failed');
    return {
      run,
      said,
      log: project.readRun(run, 'data', 'logs', 'docker.txt'),
      receipt: project.receipt(run),
    };
  }

  it('is given to the next attempt, which says on what it goes on', async () => {
    const first = await attempt('deploy', '--yes', '--wait');
    expect(first.log).toBe('attempt 1, try 1\n');
    expect(first.receipt.recipe).not.toHaveProperty('continues');

    const second = await attempt('deploy', '--retry-failed', '--yes', '--wait');
    expect(second.said.stdout).toMatch(/^state +all continue from \/data\/state of their last attempt/m);
    expect(second.log).toBe('attempt 2, try 2\n');
    expect(second.receipt.recipe.continues).toEqual({ run: first.run, attempt: 2 });
    expect(second.receipt.container_line).toContain('--env LOGISTICIAN_ATTEMPT=2 ');
    // What it went on from is as it was; a link is a link.
    expect(project.readRun(first.run, 'data', 'state', 'tries')).toBe('1\n');
    expect(readdirSync(project.run(second.run, 'data', 'state'))).toEqual(['link', 'tries']);
    expect(lstatSync(project.run(second.run, 'data', 'state', 'link')).isSymbolicLink()).toBe(true);

    await project.ok(['terminate', '--yes']);
    const third = await attempt('deploy', '--yes', '--wait');
    expect(third.log).toBe('attempt 3, try 3\n');
    expect(third.receipt.recipe.continues).toEqual({ run: second.run, attempt: 3 });
  });

  slow(
    'is not given with --fresh-state, to a run, to other code, nor where a link is in its place',
    async () => {
      const fresh = await attempt('deploy', '--retry-failed', '--fresh-state', '--yes', '--wait');
      expect(fresh.log).toBe('attempt 1, try 1\n');
      expect((await attempt('run', '--condition', 'tries')).log).toBe('attempt 1, try 1\n');

      const elsewhere = join(project.scratch, 'elsewhere');
      renameSync(project.run(fresh.run, 'data', 'state'), elsewhere);
      symlinkSync(elsewhere, project.run(fresh.run, 'data', 'state'));
      const linked = await attempt('deploy', '--retry-failed', '--yes', '--wait');
      expect(linked.said.stderr).toContain('Nothing is left of /data/state of the last attempts at tries-9');
      expect(linked.log).toBe('attempt 1, try 1\n');
      expect(linked.receipt.recipe).not.toHaveProperty('continues');

      await project.ok(['terminate', '--yes']);
      project.repository.write({ other: 'code' });
      project.repository.commit('Other code');
      expect((await attempt('deploy', '--yes', '--wait')).log).toBe('attempt 1, try 1\n');
      await project.ok(['terminate', '--yes']);
    },
  );

  it('is copied whole: half a copy that a killed deploy left is made again', () => {
    const state = join(project.scratch, 'from', 'state');
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, 'whole'), 'whole\n');
    const data = join(project.scratch, 'into', 'data');
    mkdirSync(join(data, 'state.new', 'half'), { recursive: true });
    const [program = '', ...words] = copyState(state, data).argv.map(String);
    for (const _ of ['once', 'again']) {
      execFileSync(program, words);
      expect(readdirSync(data)).toEqual(['state']);
      expect(readdirSync(join(data, 'state'))).toEqual(['whole']);
    }
  });
});
