import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recipes } from '../support/docs/recipes.js';
import { baseImage, isMissing } from '../support/engines.js';
import { type How, packageRoot, TestProject } from '../support/project.js';
import { until } from '../support/until.js';

const recipes = new Recipes('docs/guide/runs-as-data.md');

/** Whether that line brought a package. Where it is not offered, the test says so and is left out. */
async function isBrought(project: TestProject, line: readonly string[], how: How = {}): Promise<boolean> {
  const env = { ...process.env, DOCKER_BUILDKIT: '0' };
  const { code, stderr } = await project.startProgram(line, { cwd: project.scratch, env, ...how }).ended;
  if (code !== 0) console.log(`left out: ${line.join(' ')}: ${stderr.trim().split('\n').at(-1)}`);
  return code === 0;
}

/** As a reader does it in the experiment's folder, where the programs in `bin` are found first. */
async function does(project: TestProject, script: string): Promise<string> {
  const argv = ['bash', '-eo', 'pipefail', '-c', script];
  const { code, stdout, stderr } = await project.startProgram(argv, { env: { PATH: pathOf(project) } }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const bin = (project: TestProject): string => join(project.scratch, 'bin');
const pathOf = (project: TestProject): string => `${bin(project)}:${process.env.PATH}`;

function writeProgram(project: TestProject, name: string, line: string): void {
  mkdirSync(bin(project), { recursive: true });
  writeFileSync(join(bin(project), name), `#!/bin/sh\nexec ${line}\n`, { mode: 0o755 });
}

describe.skipIf(isMissing('docker', 'git', 'bash'))('recipes for other programs', () => {
  let project: TestProject;
  /** By learning rate: how many runs, their mean accuracy, its deviation. */
  let expected: (readonly number[])[];

  beforeAll(async () => {
    // One fails after it has measured: no mean is to have it.
    const job = `echo "{\\"accuracy\\": $(awk "BEGIN { print 0.9 - $2 + $4 / 100 }")}" >"$LOGISTICIAN_SUMMARY_MEASURES_PATH"
[ "$4" != 13 ]
`;
    project = new TestProject({
      files: { 'train.sh': job },
      parameters: {
        experiment_command: 'sh train.sh',
        experiment_conditions: ['--lr 0.01 --seed 13'],
        experiment_grid: { lr: [0.1, 0.01, 0.001], seed: [1, 2] },
      },
    });
    writeProgram(
      project,
      'logistician',
      `'${process.execPath}' '${join(packageRoot, 'bin', 'run.js')}' "$@"`,
    );
    await project.cli(['deploy', '--yes', '--wait']);
    const { groups } = await project.json<{
      groups: { by: { lr: number }; measures: { accuracy: Record<string, number> } }[];
    }>(['history', '--where', 'state=succeeded', '--group-by', 'lr', '--columns', 'accuracy']);
    expected = groups
      .map(({ by, measures: { accuracy = {} } }) => [
        by.lr,
        ...['n', 'mean', 'deviation'].map((key) => accuracy[key]),
      ])
      .sort(([one = 0], [other = 0]) => one - other) as number[][];
    expect(expected.map(([lr, n]) => [lr, n])).toEqual([
      [0.001, 2],
      [0.01, 2],
      [0.1, 2],
    ]);
  });
  afterAll(() => project?.remove());

  const rounded = (rows: readonly (readonly number[])[]) =>
    rows.map((row) => row.map((value) => Number(value.toFixed(5))));

  it('DuckDB has the means that history has', async ({ skip }) => {
    // Node looks for packages in all folders above the one that the recipe runs in.
    writeFileSync(join(project.scratch, 'package.json'), '{}');
    if (!(await isBrought(project, ['npm', 'install', '@duckdb/node-api']))) return skip();
    const rows = (await does(project, recipes.notPlayed('@duckdb/node-api')))
      .split('\n')
      .map((line) => line.split('│').slice(2, -1).map(Number))
      .filter(([lr = Number.NaN]) => !Number.isNaN(lr));
    const means = expected.map((row) => row.slice(0, 3));
    expect(rounded(rows)).toEqual(rounded(means.sort(([, , one = 0], [, , other = 0]) => other - one)));
  });

  it('pandas has the means and deviations that history has', async ({ skip }) => {
    const image = 'logistician-test/pandas';
    const dockerfile = `FROM ${baseImage}\nRUN apt-get update && apt-get install -y --no-install-recommends python3-pandas\n`;
    if (!(await isBrought(project, ['docker', 'build', '--tag', image, '-'], { input: dockerfile })))
      return skip();
    writeProgram(
      project,
      'python3',
      `docker run --rm --volume "$PWD:/here:ro" --workdir /here ${image} python3 "$@"`,
    );
    const rows = (await does(project, recipes.notPlayed('pandas')))
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => line.trim().split(/\s+/).map(Number));
    expect(rounded(rows)).toEqual(rounded(expected));
  });
});

describe.skipIf(isMissing('docker', 'git', 'bash'))('recipes for libraries in the job', () => {
  it('TensorBoard shows the series that jobs have measured, under names that have the runs', async ({
    skip,
  }) => {
    const project = new TestProject({ bare: true });
    const boards = join(project.root, 'experiments', 'boards');
    try {
      const program = join(mkdtempSync(join(project.scratch, 'tensorboard-')), 'packages');
      const pip = ['python3', '-m', 'pip', '--retries', '1', '--timeout', '15', '--quiet'];
      // The Python of the base image, into whose builds pip's index may not reach.
      const ofImage = [
        '--python-version',
        '3.11',
        '--only-binary',
        ':all:',
        '--dest',
        join(boards, 'wheels'),
      ];
      if (!(await isBrought(project, [...pip, 'download', ...ofImage, 'tensorboardX']))) return skip();
      if (!(await isBrought(project, [...pip, 'install', '--target', program, 'tensorboard']))) return skip();

      for (const name of ['Dockerfile', 'parameters.json', 'train.py'])
        writeFileSync(join(boards, name), recipes.file(`../boards/${name}`));
      const wheels = 'COPY wheels /wheels\nENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels\n';
      writeFileSync(
        join(boards, 'Dockerfile'),
        recipes.file('../boards/Dockerfile').replace('\n', `\n${wheels}`),
      );
      project.repository.commit('First');
      const cwd = boards;
      await project.ok(['deploy', '--yes', '--wait'], { cwd });
      const runs = project.runsIn(boards);
      expect(runs).toHaveLength(2);

      const line = recipes.notPlayed('--logdir').replace(/ +#.*$/, '');
      const server = project.startProgram(['bash', '-c', `exec ${line} --port 0`], {
        cwd,
        env: { PYTHONPATH: program, PATH: `${join(program, 'bin')}:${process.env.PATH}` },
      });
      await server.says(/ at http:\/\/\S+/);
      const [address = ''] = /http:\/\/[^\s/]+/.exec(server.stderr) ?? [];
      const get = async <T>(what: string): Promise<T> =>
        (await (await fetch(`${address}/data/plugin/${what}`)).json()) as T;
      await until(
        'both runs are loaded',
        async () => Object.keys(await get<object>('scalars/tags')).length === 2,
      );

      for (const run of runs) {
        const name = `${run}/data/results/tensorboard`;
        const measured = (await project.ok(['measures', run, '--csv'], { cwd })).trim().split('\n').slice(1);
        const shown = await get<[number, number, number][]>(
          `scalars/scalars?run=${encodeURIComponent(name)}&tag=loss`,
        );
        expect(measured).toHaveLength(5);
        // TensorBoard keeps seven digits.
        expect(shown.map(([, step, loss]) => `${step},${loss.toFixed(6)}`)).toEqual(
          measured.map((row) => row.replace(/[^,]+$/, (loss) => Number(loss).toFixed(6))),
        );
        const text = await get<{ text: string }[]>(
          `text/text?run=${encodeURIComponent(name)}&tag=job/text_summary`,
        );
        expect(text[0]?.text).toContain(run);
      }
      server.signal('SIGINT');

      const check = ['reproduce', runs[0] ?? '', '--check', '--ignore', 'tensorboard/*'];
      expect(await project.ok(check, { cwd })).toMatch(/^same /);
    } finally {
      await project.remove();
    }
  });
});
