import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { copyOfPackage, packageRoot, TestProject } from '../support/project.js';

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

describe.skipIf(isLeftOut('docker', 'git'))('the package, installed by npm', () => {
  let project: TestProject;
  let packed: Packed;
  let prefix: string;

  beforeAll(() => {
    project = new TestProject({ bare: true, files: { 'job.sh': 'echo "hello $*"\n' } });
    project.repository.commit('First');
    prefix = join(project.home, '.local');
    // npm has its own idea of where caches and settings are: here they are the test's.
    const env = {
      ...project.env,
      npm_config_cache: join(project.scratch, 'npm'),
      npm_config_update_notifier: 'false',
      npm_config_offline: 'true',
      // What is built is packed as it is: others may be testing it.
      npm_config_ignore_scripts: 'true',
    };
    const clone = join(project.scratch, 'clone');
    copyOfPackage(clone);
    for (const name of ['README.md', 'LICENSE']) copyFileSync(join(packageRoot, name), join(clone, name));
    const inClone = (line: string) =>
      execFileSync('sh', ['-c', line], { cwd: clone, env, stdio: 'pipe' }).toString();
    [packed] = JSON.parse(inClone('npm pack --json --dry-run')) as [Packed];
    // The line of the README, for a user who is not root.
    const line =
      /^npm install --global .*$/m.exec(readFileSync(join(packageRoot, 'README.md'), 'utf8'))?.[0] ?? '';
    expect(line).toContain('--prefix ~/.local');
    inClone(line);
  });
  afterAll(() => project.remove());

  const installed = async (...words: string[]) => {
    const started = project.startProgram([join(prefix, 'bin', 'logistician'), ...words], {
      cwd: project.root,
    });
    const { code, stdout, stderr } = await started.ended;
    expect({ code, said: code === 0 ? '' : `${stdout}${stderr}` }).toEqual({ code: 0, said: '' });
    return stdout;
  };

  it('is small, needs no other package, and holds what it needs alone', () => {
    expect(packed.unpackedSize).toBeLessThan(25_000_000);
    expect(readdirSync(join(prefix, 'lib', 'node_modules'))).toEqual(['logistician']);
    expect(readdirSync(join(prefix, 'lib', 'node_modules', 'logistician'))).not.toContain('node_modules');
    const rooms = new Set(packed.files.map(({ path }) => path.split('/')[0]));
    expect([...rooms].sort()).toEqual([
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'oclif.manifest.json',
      'package.json',
      'src',
      'stacks',
      'templates',
    ]);
  });

  it('works from a repository that has nothing to do with it', async () => {
    const experiment = 'experiments/one';
    expect(await installed('--version')).toMatch(/^logistician\/\d/);
    await installed('create', experiment, '--name', project.name, '--command', 'sh job.sh', '--yes');
    project.setParameters({ experiment_conditions: ['--lr 0.1', '--lr 0.01'] });
    project.repository.commit('An experiment');
    expect(await installed('validate', experiment)).toContain('2 conditions');
    expect(await installed('run', experiment, '-o', '--lr 1')).toBe('hello --lr 1\n');
    expect(await installed('deploy', experiment, '--wait', '--yes')).toMatch(/2 of 2 ended: 2 succeeded/);
    expect(await installed('status', experiment)).toMatch(/2 of 2 ended: 2 succeeded/);
    expect(await installed('completion', 'bash')).toContain('complete -F _logistician logistician');
    expect(await installed('terminate', experiment, '--yes')).toContain('Terminated.');
    await project.quiet();
  });
});
