import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { Repository } from '../support/repository.js';

const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

// What a commit does not hold: inputs, files of git LFS, submodules.
describe.skipIf(isLeftOut('docker', 'git', 'lfs'))('a run that is given away', () => {
  let project: TestProject;
  let clone: string;
  let archive: string;
  let run: string;
  let lib: Repository;

  beforeAll(async () => {
    project = new TestProject({
      files: {
        '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'all.sh': 'cat lib/code.txt model.bin /data/input/d/digits /data/input/one >/data/results/all.txt\n',
      },
      parameters: {
        experiment_command: 'sh all.sh',
        experiment_conditions: ['1'],
        inputs: { d: '../../../digits', one: '../../../one.txt' },
      },
    });
    const { repository, scratch, root } = project;
    repository.git('lfs', 'install', '--local');
    lib = Repository.create({ 'code.txt': 'code\n' }, join(scratch, 'lib'));
    repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', lib.root, 'lib');
    repository.write({ 'model.bin': 'model\n' });
    repository.commit('With all');
    mkdirSync(join(scratch, 'digits'));
    writeFileSync(join(scratch, 'digits', 'digits'), '0123\n');
    writeFileSync(join(scratch, 'one.txt'), 'one\n');
    await project.ok(['deploy', '--yes', '--wait']);
    [run = ''] = project.runs;
    archive = join(scratch, 'run.tar');
    clone = join(scratch, 'clone');
    execFileSync('git', ['clone', '--quiet', root, clone], {
      env: { ...process.env, GIT_LFS_SKIP_SMUDGE: '1', HOME: project.home },
    });
  });
  afterAll(async () => {
    await project.quiet();
    await project.remove();
  });

  const there = (...words: string[]) => project.cli(words, { cwd: join(clone, 'experiments', 'one') });
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', clone, '-c', 'protocol.file.allow=always', ...words], {
      env: { ...process.env, HOME: project.home },
      stdio: 'pipe',
    });
  const runs = () => join(clone, 'experiments', 'one', 'runs');

  it('is told to lack its inputs, LFS files and submodules, at export, import and reproduce', async () => {
    const { code, stderr } = await project.cli(['export', 'last', '-o', archive]);
    expect(code, stderr).toBe(0);
    for (const part of [
      `the input "d", ${join(project.scratch, 'digits')}`,
      'the submodule lib',
      '1 file of git LFS',
    ])
      expect(flat(stderr)).toContain(`Not in the file: ${part}`);
    for (const name of ['digits', 'one.txt'])
      renameSync(join(project.scratch, name), join(project.scratch, `my-${name}`));
    const missing = ['The input "d" of the run is not here', 'are not checked out here: lib', 'model.bin'];
    for (const words of [
      ['import', archive],
      ['reproduce', run],
      ['reproduce', run, '--check'],
    ]) {
      const said = await there(...words);
      expect([words[0], said.code]).toEqual([words[0], words[0] === 'import' ? 0 : 1]);
      for (const part of missing) expect(flat(said.stderr)).toContain(part);
    }
    expect(flat((await there('rerun', run, '--yes')).stderr)).toContain('is not here');
  });

  it('is reproduced once these are brought by the lines, and inputs by --input', async () => {
    git('submodule', '--quiet', 'update', '--init', '--recursive');
    git('lfs', 'fetch', '--all');
    const inputs = ['--input', `one=${join(project.scratch, 'my-one.txt')}`];
    const wrong = await there('reproduce', run, '--check', ...inputs, '--input', 'd=/etc/apt');
    expect([wrong.code, flat(wrong.stderr)]).toEqual([1, expect.stringContaining('has other contents now')]);
    inputs.push('--input', `d=${join(project.scratch, 'my-digits')}`);
    const { code, stdout } = await there('reproduce', run, '--check', ...inputs);
    expect([code, stdout]).toEqual([0, expect.stringContaining('same bytes: 1 of 1 file')]);
    for (const bad of ['d', 'x=/etc', '=/etc'])
      expect([bad, (await there('reproduce', run, '--input', bad)).code]).toEqual([bad, 2]);
  });

  it('brings its inputs with --inputs, from which it is reproduced and rerun', async () => {
    for (const name of ['digits', 'one.txt'])
      renameSync(join(project.scratch, `my-${name}`), join(project.scratch, name));
    const given = await project.cli(['export', 'last', '-o', archive, '--force', '--inputs']);
    expect([given.code, given.stderr]).toEqual([0, expect.not.stringContaining('of git LFS')]);
    for (const name of ['digits', 'one.txt']) rmSync(join(project.scratch, name), { recursive: true });
    rmSync(join(runs(), run), { recursive: true });
    const { stderr } = await there('import', archive);
    expect(stderr).not.toContain('Warning');
    expect((await there('reproduce', run, '--check')).stdout).toContain('same bytes: 1 of 1 file');
    expect((await there('rerun', run, '--yes', '--wait')).code).toBe(0);
    const gone = await project.cli(['export', 'last', '-o', archive, '--force', '--inputs']);
    expect([gone.code, flat(gone.stderr)]).toEqual([1, expect.stringContaining('is not here')]);
  });

  it('brings its files of git LFS with --inputs to a clone that cannot fetch them; none that no commit names, or with other contents', async () => {
    const apart = join(project.scratch, 'apart');
    const env = { ...process.env, GIT_LFS_SKIP_SMUDGE: '1', HOME: project.home };
    const local = ['-c', 'protocol.file.allow=always'];
    execFileSync('git', [...local, 'clone', '--quiet', '--recurse-submodules', project.root, apart], { env });
    execFileSync('git', ['-C', apart, 'remote', 'set-url', 'origin', '/nowhere']);
    const at = { cwd: join(apart, 'experiments', 'one') };
    const objects = join(apart, '.git', 'lfs', 'objects');
    const large = () =>
      readdirSync(objects, { recursive: true, withFileTypes: true })
        .filter((one) => !one.isDirectory())
        .map(({ name }) => name);
    const made = join(project.scratch, 'large');
    const [object = ''] = execFileSync('tar', ['-t', '-f', archive])
      .toString()
      .match(/^objects\/.*[0-9a-f]{64}$/m) ?? [''];
    const repacked = (change: (path: string) => void) => {
      rmSync(made, { recursive: true, force: true });
      mkdirSync(made);
      execFileSync('tar', ['-x', '-f', archive, '-C', made]);
      change(join(made, object));
      execFileSync('tar', ['-c', '-f', `${made}.tar`, '-C', made, ...readdirSync(made)]);
      return `${made}.tar`;
    };
    const lying = repacked((path) => writeFileSync(path, 'mine\n'));
    const refused = await project.cli(['import', lying], at);
    expect([refused.code, flat(refused.stderr)]).toEqual([1, expect.stringContaining('has other contents')]);
    const linked = repacked((path) => {
      rmSync(path);
      symlinkSync(join(project.root, '.git', 'lfs', object), path);
    });
    const told = await project.cli(['import', linked], at);
    expect([told.code, flat(told.stderr)]).toEqual([0, expect.stringContaining('model.bin')]);
    expect(large()).toEqual([]);
    rmSync(join(apart, 'experiments', 'one', 'runs', run), { recursive: true });
    const more = repacked((path) => writeFileSync(join(path, '..', 'f'.repeat(64)), 'more\n'));
    const { code, stderr } = await project.cli(['import', more], at);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('Warning')]);
    expect(large()).toEqual([basename(object)]);
    const checked = await project.cli(['reproduce', run, '--check'], at);
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('same bytes: 1 of 1 file')]);
  });

  it('is refused with an input that is not what its receipt says, or with a hash that is a path', async () => {
    const made = join(project.scratch, 'made');
    const repack = (change: () => void) => {
      rmSync(made, { recursive: true, force: true });
      mkdirSync(made);
      execFileSync('tar', ['-x', '-f', archive, '-C', made]);
      change();
      const file = join(project.scratch, 'made.tar');
      execFileSync('tar', ['-c', '-f', file, '-C', made, ...readdirSync(made)]);
      return file;
    };
    const known = join(runs(), '.inputs');
    cpSync(known, join(project.scratch, 'kept'), { recursive: true });
    rmSync(known, { recursive: true });
    rmSync(join(runs(), run), { recursive: true });
    const lying = repack(() => {
      for (const name of readdirSync(join(made, 'inputs')))
        execFileSync('tar', ['-c', '-f', join(made, 'inputs', name), '-C', '/etc', 'hostname']);
    });
    const said = await there('import', lying);
    expect([said.code, flat(said.stderr)]).toEqual([1, expect.stringContaining('other contents')]);
    const path = repack(() => {
      const manifest = { schema: 1, runs: [run], inputs: [{ hash: '../../../etc', isFile: false }] };
      writeFileSync(join(made, 'export.json'), JSON.stringify(manifest));
    });
    expect((await there('import', path)).code).toBe(1);
    expect(existsSync(join(runs(), run))).toBe(false);
    expect(existsSync(known)).toBe(false);
  });

  it('leaves inputs that no run has any more to clean', async () => {
    cpSync(join(project.scratch, 'kept'), join(runs(), '.inputs'), { recursive: true });
    const clean = async () =>
      JSON.parse((await there('clean', '--keep-last', '9', '--yes', '--json')).stdout) as {
        leftovers: string[];
      };
    // The run that came from it has them.
    expect((await clean()).leftovers).toEqual([]);
    for (const one of readdirSync(runs()).filter((name) => !name.startsWith('.')))
      rmSync(join(runs(), one), { recursive: true });
    expect((await clean()).leftovers).toHaveLength(2);
    expect(readdirSync(join(runs(), '.inputs'))).toEqual([]);
  });

  it('is told to lack the state from which it continued', async () => {
    project.setParameters({
      experiment_command: 'echo more >>/data/state/n; false "$@"',
      experiment_conditions: ['2'],
    });
    for (const words of [[], ['--retry-failed']])
      expect((await project.cli(['deploy', '--yes', '--wait', ...words])).stdout).toContain('1 failed');
    const { id, recipe } = project.receipt();
    const before = recipe.continues?.run ?? '';
    expect(before).toBe(project.runs.at(-2));
    const file = join(project.scratch, 'continued.tar');
    const given = await project.cli(['export', id, '-o', file]);
    expect(flat(given.stderr)).toContain(`Not in the file: /data/state of ${before}`);
    for (const words of [
      ['import', file],
      ['reproduce', id],
    ])
      expect(flat((await there(...words)).stderr)).toContain(
        `continued from the state of ${before}, which is not here`,
      );
  });
});
