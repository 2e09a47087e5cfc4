import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { jobScript, longestOptions, sweepScript } from '../../../src/machines/job-script.js';
import { currentUser } from '../../../src/machines/user.js';
import type { Recipe } from '../../../src/recipe/recipe.js';
import {
  buildText,
  containerName,
  containerText,
  jobOf,
  type Layout,
  type RunFolders,
  sweepOf,
} from '../../../src/recipe/scripts.js';
import { hostileWords } from '../../support/hostile-words.js';
import { recipeOf } from '../../support/receipts.js';
import { runnerParts } from '../../support/runner-parts.js';
import { readMembers } from '../experiment/reading.js';

const user = currentUser();
const checkout = { repository: '/home/me/my project', commit: 'c0ffee', submodules: [], lfs: null };
const layout: Layout = {
  docker: 'docker',
  checkout,
  repository: checkout.repository,
  inputs: { mnist: `/data sets/it's mnist` },
  deployment: 'd-1',
};
const at: RunFolders = { run: 'run-1', folder: `/home/me/it's "my" $HOME jobs/run-1` };

/** With this in front of a text, its `docker` prints its words, each with a NUL behind it. */
const told = `docker() { printf '%s\\0' "$@"; }\n`;

/** From standard input: a word of a command line may not be as long. */
function wordsOf(text: string, variables: NodeJS.ProcessEnv = {}): string[] {
  const env = { PATH: process.env.PATH, ...variables };
  const printed = execFileSync('sh', { input: `${told}${text}\n`, env, maxBuffer: 2 ** 26 });
  return printed.toString().split('\0').slice(0, -1);
}

/** The words of the container as the runner would start it. */
function started(recipe: Recipe, of: Layout, folders: RunFolders): string[] {
  const { run, folder, work = folder } = folders;
  const name = containerName(run, folder);
  const secrets = `/dev/shm/logistician-${user.id}/${name}`;
  const script = `${runnerParts}${sweepScript(sweepOf(recipe, of))}${jobScript(jobOf(recipe, folders))}start`;
  return wordsOf(script, { job: folder, work, secrets, user_id: '' });
}

const withArguments = (argv: readonly string[]): Recipe => {
  const recipe = recipeOf('');
  return { ...recipe, condition: { ...recipe.condition, argv } };
};

describe('the printed line and the job script start the same container', () => {
  it.each<[string, Recipe, Layout, RunFolders]>([
    ['in a deployment', recipeOf('--lr 0.1'), layout, at],
    ['by `run`, with the live tree', recipeOf(''), { ...layout, checkout: null, deployment: null }, at],
    [
      'by `run`, its data elsewhere than its job folder',
      recipeOf('--lr 1'),
      { ...layout, deployment: null, imageExists: { base: [] } },
      { ...at, work: '/home/me/my runs/run-1' },
    ],
    ['that goes on from another', recipeOf('', { continues: { run: 'r', attempt: 2 } }), layout, at],
    ['without root in the engine', recipeOf(''), { ...layout, rootless: true }, at],
    ['in a folder with commas', recipeOf(''), layout, { ...at, work: '/home/me/a,b "c":d/run-1' }],
    ['with a read-only folder for data', recipeOf(''), { ...layout, dataReadOnly: '/data sets/x' }, at],
    [
      'with secrets, environment and docker_run_args',
      recipeOf('--lr 1', {
        secrets: ['TOKEN'],
        environment: { GREETING: `it's "$HOME" \`id\`` },
        docker_run_args: ['--shm-size', '1g', '--label', 'a=b c'],
      }),
      layout,
      at,
    ],
    ['of the image’s own program', recipeOf('--lr 1', { command: null }), layout, at],
    ['with hostile arguments', withArguments(hostileWords), layout, at],
    ['with arguments that OPTIONS can hold', withArguments(['x'.repeat(longestOptions)]), layout, at],
    [
      'with more arguments than OPTIONS can hold: the line has none, as the job',
      withArguments(['x'.repeat(longestOptions / 2), 'y'.repeat(longestOptions / 2)]),
      layout,
      at,
    ],
  ])('%s', (_, recipe, of, folders) => {
    expect(wordsOf(containerText(recipe, of, folders, user))).toEqual(started(recipe, of, folders));
  });

  it('as a docker command of several words, too', () => {
    const sudo = { ...layout, docker: 'docker --context lab' };
    const words = wordsOf(containerText(recipeOf(''), sudo, at, user));
    expect(words.slice(0, 3)).toEqual(['--context', 'lab', 'run']);
    expect(started(recipeOf(''), sudo, at)).toEqual(words);
  });
});

describe('sweepOf', () => {
  it('is the same for all that differ in their arguments alone', () => {
    const [one, other] = ['--lr 1', '--lr 2'].map((options) =>
      sweepScript(sweepOf(recipeOf(options), layout)),
    );
    expect(other).toBe(one);
  });

  it('takes the checkout, or the live tree, and looks for the image unless it was seen', () => {
    const live = sweepOf(recipeOf(''), { ...layout, checkout: null, imageExists: { base: [] } });
    expect(live).toMatchObject({
      source: null,
      imageIsThere: { base: [] },
      container: { project: '/home/researcher/project' },
    });
    expect(sweepOf(recipeOf(''), layout)).toMatchObject({
      source: checkout,
      contextRepository: checkout.repository,
      maxHours: 24,
      image: { leftOut: 'parameters.json', bases: ['debian:bookworm-slim'] },
      container: { inputs: layout.inputs, labels: { 'logistician.deployment': 'd-1' } },
    });
    expect(sweepOf(recipeOf(''), layout)).not.toHaveProperty('imageIsThere');
  });
});

describe('jobOf', () => {
  const configurationOf = (recipe: Recipe) => jobOf(recipe, at).configuration;

  it('hands on the digits that parameters.json has, on one line', () => {
    const { conditions } = readMembers(
      `"experiment_grid": { "lr": [0.10, 1e-4, 1.0], "seed": [12345678901234567890], "name": ["a\\nb"] }`,
    );
    const texts = conditions.map(({ id, argv, parameters }) => {
      const condition = { id, argv, parameters };
      return configurationOf(recipeOf('', { condition }));
    });
    expect(texts.map((text) => /"lr":([^,]*)/.exec(text)?.[1])).toEqual(['0.10', '1e-4', '1.0']);
    for (const text of texts) {
      expect(text).toContain('"seed":12345678901234567890');
      expect(text).not.toContain('\n');
      expect(JSON.parse(text).parameters.name).toBe('a\nb');
    }
  });

  it('says what a job has to know', () => {
    const recipe = recipeOf('--lr 1');
    expect(JSON.parse(configurationOf(recipe))).toEqual({
      run: 'run-1',
      experiment: 'e1',
      condition: recipe.condition.id,
      argv: ['--lr', '1'],
      input_directory: '/data/input',
      output_directory: '/data/results',
      measures_directory: '/data/measures',
      summary_measures_path: '/data/measures/summary.json',
      state_directory: '/data/state',
      parameters: {},
    });
  });

  it('has a work folder only where that is another, and GPUs only for a job without a slot', () => {
    const job = jobOf(recipeOf('--lr 1'), at);
    expect(Object.keys(job).sort()).toEqual([
      'argv',
      'attempt',
      'configuration',
      'containerName',
      'options',
      'run',
    ]);
    expect(jobOf(recipeOf(''), { ...at, work: at.folder })).not.toHaveProperty('work');
    expect(jobOf(recipeOf(''), { ...at, work: '/w' }, 'all')).toMatchObject({ work: '/w', gpus: 'all' });
  });

  it('hands the arguments over as OPTIONS alone to an image’s own program', () => {
    const own = jobOf(recipeOf('--lr 1', { command: null }), at);
    expect(own).toMatchObject({ argv: [], options: '--lr 1' });
  });
});

describe('containerName', () => {
  it('is the same for one job folder, and another for another one', () => {
    expect(containerName('run-1', '/a')).toMatch(/^logistician-run-1-[0-9a-f]{6}$/);
    expect(containerName('run-1', '/a')).toBe(containerName('run-1', '/a'));
    expect(containerName('run-1', '/b')).not.toBe(containerName('run-1', '/a'));
  });
});

describe('buildText', () => {
  it('makes the image from the project’s own repository', () => {
    const recipe = recipeOf('', { source: { ...recipeOf('').source, root: '/home/me/my project' } });
    expect(buildText(recipe, 'docker')).toMatch(
      / sh '\/home\/me\/my project' 0{40} .* docker build .*--tag logistician\/e1:0{16} --file Dockerfile /,
    );
  });
});
