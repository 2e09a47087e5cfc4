import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing, variants } from '../support/engines.js';
import { packageRoot, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { Terminal } from '../support/terminal.js';
import { until } from '../support/until.js';

const open: Terminal[] = [];

function terminal(project: TestProject, words: readonly string[], cwd?: string): Terminal {
  const started = Terminal.logistician(project, words, cwd);
  open.push(started);
  return started;
}

afterAll(() => {
  for (const one of open) one.kill();
});

describe.skipIf(isMissing('git'))('create, by questions', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({ bare: true, files: { 'job.sh': 'echo hello\n' } });
    project.repository.commit('First');
  });
  afterAll(() => project.remove());

  it('asks for folder, name, remote, command and target', async () => {
    const screen = terminal(project, ['create'], project.root);
    await screen.shows('Folder of the experiment');
    screen.enter('experiments/RNN 1');
    await screen.shows('Name');
    // The likely answer is made of the folder.
    await screen.shows('rnn-1');
    screen.enter();
    await screen.shows('Remote of the project');
    screen.enter('https://git.example.org/p.git');
    await screen.shows('Command that runs one condition');
    screen.enter('sh job.sh');
    await screen.shows('Where conditions run');
    screen.enter();
    expect(await screen.ended).toBe(0);
    expect(screen.text).toContain('wrote experiments/RNN 1/parameters.json');
    const parameters = readFileSync(join(project.root, 'experiments/RNN 1/parameters.json'), 'utf8');
    expect(JSON.parse(parameters)).toMatchObject({
      experiment_name: 'rnn-1',
      project_git_url: 'https://git.example.org/p.git',
      experiment_command: 'sh job.sh',
      target: 'local',
    });
  });

  it('asks only for what no flag says, and again where an answer is none', async () => {
    const words = ['create', 'experiments/two', '--name', 'two', '--git-url', '', '--target', 'local'];
    const screen = terminal(project, words, project.root);
    await screen.shows('Command that runs one condition');
    screen.enter();
    await screen.shows('The arguments of a condition are appended to it.');
    screen.enter('sh job.sh');
    expect(await screen.ended).toBe(0);
    expect(screen.text).not.toContain('Remote of the project');
  });

  it('Ctrl-C at a question writes nothing', async () => {
    const screen = terminal(project, ['create', 'experiments/three'], project.root);
    await screen.shows('Name');
    screen.interrupt();
    expect(await screen.ended).toBe(130);
    expect(project.repository.git('status', '--porcelain')).not.toContain('three');
    expect(screen.text).not.toMatch(/^\s+at /m);
  });
});

describe.skipIf(isMissing('docker', 'git'))('at a terminal', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      parameters: { experiment_conditions: ['--hold one', '--hold two'] },
      files: {
        'tty.sh': `test -t 0 && test -t 1 && echo "a terminal"
trap 'echo "heard it"; exit 5' INT
echo ready
sleep 60 &
wait $!
`,
      },
    });
  });
  afterAll(async () => {
    await project.ok(['terminate', '--yes', '--grace', '1']);
    project.receipts();
    await project.quiet();
    await project.remove();
  });

  it('run gives the job the terminal, and Ctrl-C to it', async () => {
    project.setParameters({ experiment_command: 'sh tty.sh' });
    const screen = terminal(project, ['run']);
    await screen.shows('a terminal');
    await screen.shows('ready');
    screen.interrupt();
    await screen.shows('heard it');
    // The job has dealt with it as it likes: the code is its own.
    expect([5, 130]).toContain(await screen.ended);
    expect(project.containers).toEqual([]);
    project.setParameters({ experiment_conditions: ['--hold one', '--hold two'] });
  });

  it('L40: run in the background reads nothing of the terminal, and is not suspended', async () => {
    project.setParameters({ experiment_command: 'cat; echo "through: $1"; :' });
    const line = '"$0" "$1" run -o there & wait $!; echo "code $?"';
    const screen = new Terminal(['sh', '-mc', line, process.execPath, join(packageRoot, 'bin', 'run.js')], {
      cwd: project.experiment,
      env: project.env,
    });
    open.push(screen);
    await screen.shows('through: there');
    await screen.shows('code 0');
    project.setParameters({ experiment_conditions: ['--hold one', '--hold two'] });
  });

  it('deploy asks, and n deploys nothing', async () => {
    const before = project.runs;
    const screen = terminal(project, ['deploy']);
    await screen.shows(/runs +2 of 2 conditions/);
    await screen.shows('Run these?');
    screen.enter('n');
    await screen.shows('Nothing was deployed.');
    expect(await screen.ended).toBe(1);
    expect(project.runs).toEqual(before);
    expect((await project.json(['status'])).deployment).toBe(null);
  });

  it('y deploys; Ctrl-C while it waits leaves the jobs alone and says how to rejoin', async () => {
    const screen = terminal(project, ['deploy', '--wait', '--slots', '2']);
    await screen.shows('Run these?');
    screen.enter('y');
    const one = await project.holding('hold-one');
    const two = await project.holding('hold-two');
    await screen.shows(/hold-one\S* .*running/);
    await screen.shows(/hold-two\S* .*running/);
    await screen.shows('0 of 2 ended: 2 running');
    screen.interrupt();
    await screen.shows('The jobs keep running.');
    const line = (await screen.shows(/logistician deploy --wait --commit [0-9a-f]+/)).split(' ').slice(1);
    expect(await screen.ended).toBe(130);
    const { conditions } = await project.json(['status']);
    const deployed = conditions.filter((row) => row.deployed);
    expect(deployed.map(({ state, run }) => [state, run])).toEqual([
      ['running', one],
      ['running', two],
    ]);

    const rejoined = terminal(project, line);
    await rejoined.shows('0 of 2 ended: 2 running');
    project.letGo(one);
    await rejoined.shows('1 of 2 ended: ');
    project.letGo(two);
    await rejoined.shows('2 of 2 ended: 2 succeeded');
    expect(await rejoined.ended).toBe(0);
    expect(project.receipt(one).state).toBe('succeeded');
  });

  slow('the rejoining line works while the tree is dirty', async () => {
    const screen = terminal(project, ['deploy', '--wait', '--yes', '--force', '--slots', '2']);
    const one = await project.holding('hold-one');
    await screen.shows('ended: 2 running');
    screen.interrupt();
    const line = (await screen.shows(/logistician deploy --wait --commit [0-9a-f]+/)).split(' ').slice(1);
    await screen.ended;
    project.repository.write({ 'job.sh': 'echo dirty\n' });
    const rejoined = terminal(project, line);
    await rejoined.shows('0 of 2 ended: 2 running');
    for (const id of project.runs) if (id.includes('hold')) project.letGo(id);
    expect(await rejoined.ended).toBe(0);
    expect(project.receipt(one).state).toBe('succeeded');
    project.repository.git('checkout', '--quiet', '--', 'job.sh');
  });

  it('a terminal that closes harms no job; deploy --wait rejoins, and tells of one that fails', async () => {
    project.setParameters({ experiment_conditions: ['--hold three', '--fail 7'] });
    const screen = terminal(project, ['deploy', '--wait', '--yes', '--slots', '2']);
    const three = await project.holding('hold-three');
    await screen.shows(/hold-three\S* .*running/);
    screen.close();
    await until('no process follows a terminal that is gone', () => !screen.isAlive);
    expect((await project.json(['status'])).live).toBe(true);
    const rejoined = terminal(project, ['deploy', '--wait']);
    await rejoined.shows(/hold-three\S* .*running/);
    project.letGo(three);
    expect(await rejoined.ended).toBe(1);
    await until('the receipt is final', () => project.receipt(three).state === 'succeeded');
    expect(project.readRun(three, 'data', 'logs', 'docker.txt')).toBe('holding three\nlet go\n');
  });

  it('the live table is drawn in place, within the terminal’s width', async () => {
    const screen = new Terminal([process.execPath, join(packageRoot, 'bin/run.js'), 'status', '--watch'], {
      cwd: project.experiment,
      env: project.env,
      columns: 60,
    });
    open.push(screen);
    expect(await screen.ended).toBe(0);
    const lines = screen.text.split('\n');
    expect(lines.join('\n')).toMatch(/hold-three\S* .*succeeded/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  describe('Ctrl-C while the image is built', () => {
    beforeAll(async () => {
      await project.ok(['terminate', '--yes', '--grace', '1']);
      project.repository.write({ 'experiments/one/Dockerfile': `FROM ${baseImage}\nRUN sleep 30\n` });
      project.setParameters({ experiment_conditions: ['--lr 7'] });
    });
    afterAll(() => {
      project.repository.git('checkout', '--quiet', '--', 'experiments/one/Dockerfile');
    });

    const interrupted = async (words: readonly string[], says: string) => {
      const screen = terminal(project, words);
      await screen.shows('Running in');
      screen.interrupt();
      await screen.shows(says);
      expect(await screen.ended).toBe(130);
      expect(screen.text).not.toMatch(/Error|^\s+at /m);
    };

    it('deploy has deployed nothing, and another tree may be deployed next', async () => {
      const before = project.runs;
      await interrupted(['deploy', '--snapshot', '--yes'], 'Interrupted. Nothing was deployed.');
      expect(project.runs).toEqual(before);
      expect((await project.json(['status'])).live).toBe(false);
      project.repository.write({ 'experiments/one/Dockerfile': `FROM ${baseImage}\nRUN sleep 31\n` });
      await interrupted(['deploy', '--snapshot', '--yes'], 'Interrupted. Nothing was deployed.');
    });

    slow('deploy that another program ends, and not the terminal, ends the build too', async () => {
      const cli = project.start(['deploy', '--snapshot', '--yes', '--json']);
      await cli.says('Running in');
      cli.signalAlone('SIGINT');
      const { code, stdout } = await cli.ended;
      expect({ code, error: JSON.parse(stdout).error }).toEqual({
        code: 130,
        error: { name: 'Interrupted', message: 'Interrupted. Nothing was deployed.', suggestions: [] },
      });
    });

    it('build and run say so', async () => {
      await interrupted(['build'], 'Interrupted. The next build uses what Docker has of this one.');
      await interrupted(['run'], 'Interrupted.');
    });
  });

  slow('Ctrl-C while jobs are ended leaves them to Docker; the same line again does the rest', async () => {
    project.setParameters({
      experiment_command: `trap '' TERM INT; echo holding; for i in $(seq 30); do sleep 1; done; :`,
      experiment_conditions: ['--deaf 2'],
    });
    await project.ok(['deploy', '--snapshot', '--yes']);
    await project.holding('deaf-2');
    for (const words of [
      ['stop', '--verbose', '--grace', '20'],
      ['terminate', '--verbose', '--yes', '--grace', '20'],
    ]) {
      const screen = terminal(project, words);
      await screen.shows('SIGTERM now, SIGKILL after 20 s.');
      await screen.shows(/runner\.sh\s+(?:\\\s+)?stop/);
      screen.interrupt();
      await screen.shows('Interrupted. Jobs that were told to stop still do');
      expect(await screen.ended).toBe(130);
      expect(screen.text).not.toMatch(/Error|^\s+at /m);
    }
    await project.ok(['terminate', '--yes', '--grace', '0']);
    project.setParameters({});
  });

  it('N5: terminate asks while jobs run, and neither n nor Enter ends any', async () => {
    project.setParameters({ experiment_conditions: ['--hold four'] });
    await project.ok(['deploy', '--yes']);
    await project.holding('hold-four');
    for (const answer of ['n', '']) {
      const screen = terminal(project, ['terminate']);
      await screen.shows(/1 job is running or waiting\. Stop it\? \(y\/N\)/);
      screen.enter(answer);
      await screen.shows('Nothing was terminated.');
      expect(await screen.ended).toBe(1);
    }
    expect((await project.json(['status'])).live).toBe(true);
  });
});

describe.skipIf(isMissing('docker', 'git'))('terminals of every kind', () => {
  let project: TestProject;
  const ids = /^(?:CONDITION|a-rather-long-name|lr-0)/;

  beforeAll(async () => {
    project = new TestProject({
      parameters: {
        experiment_conditions: [
          '--lr 0.1',
          '--a-rather-long-name that --nobody would --want to --type every --time',
          '--fail 7',
        ],
      },
    });
    await project.cli(['deploy', '--yes', '--wait']);
  });
  afterAll(async () => {
    await project.ok(['terminate', '--yes']);
    await project.quiet();
    await project.remove();
  });

  const shown = async (words: readonly string[], columns: number, env: NodeJS.ProcessEnv = {}) => {
    const screen = Terminal.logistician(project, words, project.experiment, env, columns);
    open.push(screen);
    await screen.ended;
    return screen;
  };

  it.each(variants(40, 60, 80, 200))('no row of a table is wider than %i columns', async (columns) => {
    for (const words of [
      ['status'],
      ['status', '--watch'],
      ['deploy', '--force', '--dry-run'],
      ['conditions'],
    ]) {
      const { text } = await shown(words, columns);
      // An id alone is never cut: it is to be copied.
      const rows = text
        .split('\n')
        .filter((line) => ids.test(line) && (words[0] !== 'conditions' || /\s/.test(line)));
      expect(Math.max(0, ...rows.map((row) => row.length)), text).toBeLessThanOrEqual(columns);
      // A row that was broken would go on in the next line.
      if (words[0] === 'status') expect(text).toMatch(/^lr-0-1\S* .*succeeded/m);
    }
  });

  it('conditions hides none of the arguments', async () => {
    const { text } = await shown(['conditions'], 40);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('--nobody would --want to --type every --time');
    const piped = await project.ok(['conditions'], { env: { COLUMNS: '40' } });
    expect(piped).toMatch(/^a-rather-long-name-\S+ +--a-rather.* --time$/m);
  });

  it('TERM=dumb and NO_COLOR get no escape sequence, and the same table', async () => {
    const { raw: dumb } = await shown(['deploy', '--wait', '--yes', '--retry-failed'], 80, { TERM: 'dumb' });
    expect(dumb).not.toContain('\u001b');
    expect(dumb).toMatch(/^lr-0-1\S* .*succeeded/m);
    const { raw: plain } = await shown(['status'], 80, { NO_COLOR: '1' });
    expect(plain).not.toContain('\u001b[3');
  });

  it('a result that is piped has the table, though it was drawn on the terminal', async () => {
    const line = `"${process.execPath}" "${join(packageRoot, 'bin/run.js')}" status --watch | cat > watched`;
    const screen = new Terminal(['sh', '-c', line], { cwd: project.experiment, env: project.env });
    open.push(screen);
    expect(await screen.ended).toBe(0);
    expect(readFileSync(join(project.experiment, 'watched'), 'utf8')).toMatch(/^lr-0-1\S* .*succeeded/m);
    project.repository.git('clean', '--quiet', '--force');
  });

  slow('what takes longer than a second says so at once', async () => {
    project.setParameters({
      experiment_command: `trap '' TERM; echo deaf; for i in 1 2 3 4 5 6 7 8 9; do sleep 1; done; :`,
      experiment_conditions: ['--deaf 1'],
    });
    await project.ok(['deploy', '--snapshot', '--yes']);
    const [id] = project.runs.filter((run) => run.includes('deaf'));
    await until('it is deaf', () => project.saidBy(id).includes('deaf'));
    const screen = terminal(project, ['stop', '--grace', '3']);
    const began = Date.now();
    await screen.shows('Stopping one job: SIGTERM now, SIGKILL after 3 s.');
    expect(project.receipt(id).state).toBe('running');
    expect(await screen.ended).toBe(0);
    expect(Date.now() - began).toBeGreaterThan(2500);
    project.setParameters({});
  });
});
