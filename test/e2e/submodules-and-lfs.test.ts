import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { Repository } from '../support/repository.js';

describe.skipIf(isMissing('docker', 'git'))('a project with a submodule', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      files: { 'job.sh': 'cat libs/inner/lib.txt; echo more >> libs/inner/lib.txt\n' },
      parameters: { docker_build_context: 'project', experiment_conditions: ['a'] },
    });
    const inner = Repository.create({ 'lib.txt': 'lib\n' }, join(project.scratch, 'inner'));
    const add = ['submodule', '--quiet', 'add', inner.root, 'libs/inner'];
    project.repository.git('-c', 'protocol.file.allow=always', ...add);
    project.repository.commit('With a submodule');
  });
  afterAll(() => project.remove());

  const says = 'no files of submodules: to COPY, these folders are empty: libs/inner.';

  it('is told that the build context lacks it, and again where the build fails', async () => {
    const { code, stderr } = await project.cli(['build']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(says) });
    project.repository.write({
      'experiments/one/Dockerfile': `FROM ${baseImage}\nCOPY libs/inner/lib.txt /lib.txt\n`,
    });
    const failed = await project.cli(['build']);
    expect(failed.code).toBe(1);
    expect(failed.stderr.slice(failed.stderr.indexOf('Error:'))).toContain(says);
    project.repository.git('checkout', '--quiet', '--', '.');
  });

  it('has it in its jobs, and gets back what they change in it', async () => {
    await project.ok(['deploy', '--yes', '--wait']);
    const [run] = project.runs;
    expect(project.readRun(run, 'data', 'logs', 'docker.txt')).toBe('lib\n');
    expect(project.readRun(run, 'data', 'project', 'libs', 'inner', 'lib.txt')).toBe('lib\nmore\n');
    await project.ok(['terminate', '--yes']);
  });
});

describe.skipIf(isMissing('docker', 'git', 'lfs'))('a project whose large files are not here', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['a'] } });
    project.repository.git('lfs', 'install', '--local');
    project.repository.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'model.bin': 'large\n' });
    project.repository.commit('A model');
    // As in a clone that has not fetched it.
    project.repository.write({ 'model.bin': `${project.repository.git('show', 'HEAD:model.bin')}\n` });
    project.repository.git('add', 'model.bin');
    rmSync(join(project.root, '.git', 'lfs', 'objects'), { recursive: true });
  });
  afterAll(() => project.remove());

  it.each([
    ['deploy', ['--yes'], 1],
    ['run', ['--clone'], 125],
  ])('%s is refused, and writes nothing', async (verb, flags, code) => {
    const refused = await project.cli([verb, ...flags]);
    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(/git LFS in the commit \w+ are not here.*\n {2}model\.bin\n/);
    expect(refused.stderr).toContain(`    git -C ${project.root} lfs pull`);
    expect(project.runs).toEqual([]);
    expect((await project.json(['status'])).deployment).toBe(null);
  });
});
