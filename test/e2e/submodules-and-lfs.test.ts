import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isMissing, mountGit } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { Repository } from '../support/repository.js';
import { slow } from '../support/slow.js';

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

  const says = 'no files of submodules, so COPY finds these folders empty: libs/inner.';

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
    expect(refused.stderr).toMatch(/git LFS in the commit \w+ are not on this computer.*\n {2}model\.bin\n/);
    expect(refused.stderr).toContain(`    git -C ${project.root} lfs pull`);
    expect(project.runs).toEqual([]);
    expect((await project.json(['status'])).deployment).toBe(null);
  });
});

describe.skipIf(isMissing('docker', 'git', 'lfs'))('what a job sees', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      files: {
        'job.sh': 'cd /app && ls -A && cat model.bin\n',
        '.gitignore': 'data/\n__pycache__/\n*.pt\nruns/\n',
      },
      parameters: { experiment_conditions: ['a'] },
    });
    const { repository } = project;
    repository.git('lfs', 'install', '--local');
    repository.write({
      '.gitattributes': '*.bin filter=lfs -text\n',
      'experiments/one/.gitattributes': 'tests export-ignore\n*.txt export-subst\n',
      'experiments/one/.dockerignore': 'secret.env\nDockerfile\n',
      'experiments/one/Dockerfile': `FROM ${baseImage}\nCOPY . /app\n`,
      'experiments/one/model.bin': 'large\n',
      'experiments/one/secret.env': 'S=1\n',
      'experiments/one/tests/t': 't\n',
    });
    repository.commit('All');
  });
  afterAll(() => project.remove());

  slow(
    'L34, L3: its image has what docker build gives it, and large files with any environment',
    async () => {
      const { code, stdout } = await project.cli(['run'], { env: { GIT_LFS_SKIP_SMUDGE: '1' } });
      expect(code).toBe(0);
      expect(stdout).toBe('.dockerignore\n.gitattributes\nmodel.bin\ntests\nlarge\n');
    },
  );

  slow(
    'N14: run names what git ignores, where there is anything, and nothing that programs keep',
    async () => {
      const said = async (...words: string[]) =>
        (await project.cli(['run', '--dry-run', ...words])).stderr.replaceAll(/\s+/g, ' ');
      expect(await said()).not.toContain('git ignores');
      project.repository.write({ 'data/x': '', 'experiments/one/__pycache__/x': '', 'best.pt': '' });
      expect(await said()).toContain(
        'git ignores best.pt, data/: this job can see them, a deployed one cannot',
      );
      expect(await said('--clone')).not.toContain('git ignores');
    },
  );

  slow('L5, L11: deploy warns of edits that git does not show, and of an absent submodule', async () => {
    const { repository } = project;
    const inner = Repository.create({ 'lib.txt': 'lib\n' }, join(project.scratch, 'inner'));
    repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.root, 'lib');
    repository.commit('With a submodule');
    // Sentences are wrapped at the width of the screen.
    const said = async () =>
      (await project.cli(['deploy', '--dry-run', '--yes'])).stderr.replaceAll(/\s+/g, ' ');
    const before = await said();
    expect(before).not.toContain('not checked out');
    expect(before).not.toContain('told to ignore');
    repository.git('submodule', '--quiet', 'deinit', '--force', 'lib');
    repository.git('update-index', '--skip-worktree', 'job.sh');
    repository.write({ 'job.sh': 'true\n' });
    const after = await said();
    expect(after).toContain('1 submodule not checked out here, so that jobs find an empty folder: lib.');
    expect(after).toContain('told to ignore (assume-unchanged or skip-worktree): job.sh.');
    // The line that is proposed helps.
    const line = /git -C \S+ submodule update --init --recursive/.exec(after)?.[0] ?? 'false';
    execFileSync('sh', ['-c', line], {
      env: {
        ...project.env,
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'protocol.file.allow',
        GIT_CONFIG_VALUE_0: 'always',
      },
      stdio: 'pipe',
    });
    expect(await said()).not.toContain('not checked out');
  });
});

describe.skipIf(isMissing('docker', 'git-to-mount'))('git in a job', () => {
  slow(
    'L28: says the same in run and deploy, in a linked worktree and in a submodule of another project',
    async () => {
      const project = new TestProject({
        files: {
          'job.sh': `set -e
for each in . libs/inner; do
  git -C $each describe --tags --always --dirty
  git -C $each rev-parse --show-toplevel --abbrev-ref HEAD | head -n 1
  git -C $each status --short
done
[ "$1" = a ] || touch "$(git rev-parse --git-common-dir)/written" 2>/dev/null || echo "is only read"
`,
        },
        parameters: { experiment_conditions: ['a'], docker_run_args: mountGit },
      });
      try {
        const allowed = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet'];
        const inner = Repository.create({ 'lib.txt': 'lib\n' }, join(project.scratch, 'inner'));
        inner.git('tag', 'lib-1');
        inner.commit('Since');
        const { repository } = project;
        repository.git('tag', '--annotate', '--message', 'v1', 'v1');
        repository.git(...allowed, 'add', inner.root, 'libs/inner');
        repository.commit('With a submodule');
        const linked = new Repository(join(project.scratch, 'a linked, worktree'));
        const clone = new Repository(join(project.scratch, 'clone'));
        repository.git('clone', '--quiet', repository.root, clone.root);
        clone.git('worktree', 'add', '--quiet', '--detach', linked.root);
        linked.git(...allowed, 'update', '--init');
        const outer = Repository.create({}, join(project.scratch, 'outer'));
        outer.git(...allowed, 'add', project.root, 'code');
        const code = new Repository(join(outer.root, 'code'));
        code.git(...allowed, 'update', '--init');

        const said = [
          `v1-1-g${repository.head.slice(0, 7)}\n/project\n`,
          `lib-1-1-g${inner.head.slice(0, 7)}\n/project/libs/inner\n`,
        ].join('');
        const of = (root: string) => ({ cwd: join(root, 'experiments', 'one') });
        expect(await project.ok(['run', '-o', 'a'])).toBe(said);
        expect(await project.ok(['run', '-o', 'b'], of(linked.root))).toBe(`${said}is only read\n`);
        expect(await project.ok(['run', '-o', 'b'], of(code.root))).toBe(`${said}is only read\n`);
        await project.ok(['deploy', '--yes', '--wait']);
        expect(project.readRun(project.receipt().id, 'data', 'logs', 'docker.txt')).toBe(said);
      } finally {
        await project.remove();
      }
    },
  );
});
