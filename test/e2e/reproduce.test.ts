import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record.js';
import { baseImage, isMissing } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { TestProject } from '../support/project.js';
import { Repository } from '../support/repository.js';
import { slow } from '../support/slow.js';
import { training } from '../support/training.js';

const shell = (line: string) => execFileSync('sh', ['-c', line], { stdio: 'pipe' }).toString();

const userAndGroup = `${process.getuid?.()}:${process.getgid?.()}`;

describe.skipIf(isMissing('docker', 'git'))('a receipt alone', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      files: { 'train.sh': training.program },
      parameters: {
        experiment_command: `${training.command} --epochs 3 --seed 1`,
        experiment_grid: { optimizer: ['sgd', 'adam'], lr: [0.01, 0.1] },
      },
    });
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  /** What a user does who has run.json and a way to the commits, and nothing else of the run. */
  function again(receipt: RunRecord, name: string): string {
    const { recipe, build_line, container_line: line } = receipt;
    const { source, image } = recipe;
    const place = join(project.scratch, name);
    const clone = new Repository(join(place, 'source'));
    mkdirSync(clone.root, { recursive: true });
    clone.git('init', '--quiet');
    clone.git('fetch', '--quiet', source.root, source.commit);
    clone.git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
    expect(clone.git('rev-parse', 'HEAD^{tree}')).toBe(source.tree);
    for (const path of ['data', 'home']) mkdirSync(join(place, path));

    shell(build_line.replaceAll(source.root, clone.root));
    expect(shell(`docker image inspect --format '{{.Id}}' ${image.tag}`)).not.toBe('');
    const run = line
      .replaceAll(`${project.run(receipt.id)}/`, `${place}/`)
      .replaceAll(`source=${source.root},target=/project`, `source=${clone.root},target=/project`);
    expect(run).not.toContain(project.root);
    expect(run).toContain(`--user ${userAndGroup}`);
    shell(run);
    execFileSync('docker', ['rm', '--force', ...project.containers], { stdio: 'ignore' });
    return join(place, 'data', 'results');
  }

  it('is enough to make the same files again, byte for byte', async () => {
    await project.ok(['deploy', '--yes', '--wait', '--first', '1']);
    const receipt = project.receipt();
    expect(receipt).toMatchObject({ state: 'succeeded', folder: project.run(receipt.id) });
    // Nothing else of the run is there.
    const kept = join(project.scratch, 'run.json');
    copyFileSync(project.run(receipt.id, 'run.json'), kept);
    const results = stateOfFolder(project.run(receipt.id, 'data', 'results'));
    expect(Object.keys(results)).toEqual(['model.txt', 'predictions.csv']);
    execFileSync('docker', ['image', 'rm', receipt.recipe.image.tag], { stdio: 'ignore' });
    shell(`rm -r ${project.run(receipt.id)}`);

    const alone = JSON.parse(readFileSync(kept, 'utf8')) as RunRecord;
    expect(stateOfFolder(again(alone, 'again'))).toEqual(results);
  });

  slow('is enough for a run of a working tree that no commit holds', async () => {
    project.repository.write({ 'new.sh': "echo 'from a new file'\n" });
    project.setParameters({
      experiment_command: `sh new.sh && ${training.command} --epochs 1`,
      experiment_conditions: ['--lr 0.02'],
    });
    await project.ok(['run', '--condition', 'lr']);
    const receipt = project.receipt();
    expect(receipt.recipe.source).toMatchObject({ snapshot: true, live: true });
    const results = stateOfFolder(project.run(receipt.id, 'data', 'results'));
    project.repository.git('gc', '--quiet', '--prune=now', '--aggressive');
    expect(project.repository.git('log', '--all', '--format=%H')).not.toContain(receipt.recipe.source.commit);
    expect(stateOfFolder(again(receipt, 'again-with-changes'))).toEqual(results);
  });
});

describe.skipIf(isMissing('docker', 'git', 'lfs'))('deploy --snapshot', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      files: {
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'all.sh': 'cat /project/lib/code.txt /project/lib/deep/new.txt /project/model.bin\n',
      },
      parameters: { experiment_command: 'sh all.sh', experiment_conditions: ['1'] },
    });
    const { repository, scratch } = project;
    repository.git('lfs', 'install', '--local');
    const lib = Repository.create({ 'code.txt': 'committed\n' }, join(scratch, 'lib'));
    const from = ['-c', 'protocol.file.allow=always'];
    repository.git(...from, 'submodule', '--quiet', 'add', lib.root, 'lib');
    repository.write({ 'model.bin': 'committed\n' });
    repository.commit('With a submodule and a model');
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  slow('brings what has changed in a submodule and in large files, and touches neither', async () => {
    project.repository.write({
      'lib/code.txt': 'changed\n',
      'lib/deep/new.txt': 'new\n',
      'model.bin': 'changed, too\n',
    });
    const status = project.repository.git('status', '--porcelain');
    expect((await project.cli(['deploy', '--yes'])).stderr).toContain(' M lib');

    await project.ok(['deploy', '--yes', '--wait', '--snapshot']);
    const receipt = project.receipt();
    expect(receipt).toMatchObject({ state: 'succeeded', kept: null });
    expect(project.readRun(receipt.id, 'data', 'logs', 'docker.txt')).toBe('changed\nnew\nchanged, too\n');
    expect(project.repository.git('status', '--porcelain')).toBe(status);
    expect(receipt.image.base.map(({ name }) => name)).toEqual([baseImage]);
  });
});

describe.skipIf(isMissing('docker', 'git'))('a project whose hashes are of the newer kind', () => {
  slow('is deployed like any other, and what its job changed is kept', async () => {
    const project = new TestProject({ bare: true, files: {} });
    try {
      execFileSync('rm', ['-r', join(project.root, '.git')]);
      project.repository.git('init', '--quiet', '--object-format=sha256');
      project.repository.write({
        'job.sh': 'echo more >>job.sh\n',
        'experiments/one/Dockerfile': `FROM ${baseImage}\n`,
      });
      project.setParameters({ experiment_conditions: ['1'] });
      project.repository.commit('First');
      await project.ok(['deploy', '--yes', '--wait']);
      const receipt = project.receipt();
      expect(receipt).toMatchObject({ state: 'succeeded', kept: 'copied' });
      expect(receipt.recipe.source.commit).toHaveLength(64);
      expect(project.readRun(receipt.id, 'data', 'project', 'job.sh')).toContain('more\n');
    } finally {
      await project.remove();
    }
  });
});
