import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, proposed, refusedBy, toldBy } from '../support/remedy.js';
import { Repository } from '../support/repository.js';
import { Sshd, sshProgram } from '../support/sshd.js';

/** What a job lacks is looked for where it is deployed, and not in a dry run. */
const real = ['deploy', '--yes', '--wait'];
const end = ['terminate', '--yes'];

// What is proposed about what a run is made from: its files, its image, and what was recorded of it.
describe.skipIf(isLeftOut('docker', 'git'))('N6: what is proposed about what a run is made from', () => {
  let project: TestProject;
  let bin: string;

  beforeEach(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 1'] } });
    bin = binOf(project);
    execFileSync('git', ['config', '--global', 'protocol.file.allow', 'always'], { env: project.env });
  });
  afterEach(async () => {
    await project.remove();
  });

  const at = (cwd = project.experiment, env: NodeJS.ProcessEnv = {}) => ({
    cwd,
    env: { ...project.env, PATH: `${bin}:${process.env.PATH}`, ...env },
  });
  const refused = (words: readonly string[], cwd?: string) => refusedBy(project, words, at(cwd));

  /** A clone by this user's git, of what the project is now. */
  function cloneOf(...words: string[]): { root: string; experiment: string } {
    const root = join(project.scratch, 'clone');
    const env = { ...project.env, GIT_LFS_SKIP_SMUDGE: '1' };
    execFileSync('git', ['clone', '--quiet', ...words, `file://${project.root}`, root], {
      env,
      stdio: 'pipe',
    });
    return { root, experiment: join(root, 'experiments', 'one') };
  }

  it.skipIf(isLeftOut('lfs'))('MissingLargeFiles: they are fetched', async () => {
    project.repository.git('lfs', 'install', '--local');
    project.repository.write({ '.gitattributes': '*.bin filter=lfs -text\n', 'model.bin': 'large\n' });
    project.repository.commit('A model');
    for (const place of [0, 1]) {
      const { root, experiment } = cloneOf();
      execFileSync('git', ['-C', root, 'lfs', 'install', '--local'], { env: project.env });
      const lines = proposed('MissingLargeFiles', await refused(real, experiment));
      expect(lines).toHaveLength(2);
      await paste(lines[place] ?? '', at(experiment));
      expect(await refused(real, experiment)).toBe(null);
      expect(await refused(end, experiment)).toBe(null);
      rmSync(root, { recursive: true });
    }
  });

  it('MissingSubmoduleCommit: it is fetched', async () => {
    const inner = Repository.create({ 'lib.txt': 'lib\n' }, join(project.scratch, 'inner'));
    const add = ['submodule', '--quiet', 'add', inner.root, 'libs/inner'];
    project.repository.git('-c', 'protocol.file.allow=always', ...add);
    project.repository.commit('With a submodule');
    const inside = (...words: string[]) => project.repository.git('-C', 'libs/inner', ...words);
    for (const place of [0, 1]) {
      const { root, experiment } = cloneOf('--recurse-submodules');
      inner.write({ 'lib.txt': `${place}\n` });
      const next = inner.commit('More');
      inside('fetch', '--quiet');
      inside('checkout', '--quiet', next);
      project.repository.commit('More of it');
      const pull = ['pull', '--quiet', '--no-recurse-submodules'];
      execFileSync('git', ['-C', root, ...pull], { env: project.env, stdio: 'pipe' });
      const words = ['deploy', '--dry-run', '--commit', 'HEAD'];
      const lines = proposed('MissingSubmoduleCommit', await refused(words, experiment));
      expect(lines).toHaveLength(2);
      await paste(lines[place] ?? '', at(experiment));
      expect(await refused(words, experiment)).toBe(null);
      rmSync(root, { recursive: true });
    }
  });

  it('PipeForGit: what git would wait for is removed', async () => {
    for (const [name, words] of [
      ['.gitignore', ['deploy', '--dry-run']],
      ['.gitattributes', ['run', '-o', '--lr 1']],
      ['a/b/.gitignore', ['build']],
      ['.git/info/exclude', ['deploy', '--snapshot', '--dry-run']],
    ] as const) {
      const path = join(project.root, name);
      rmSync(path, { force: true });
      mkdirSync(dirname(path), { recursive: true });
      execFileSync('mkfifo', [path]);
      const refusal = await refused(words);
      expect(refusal?.message).toContain(`${path} is a pipe`);
      for (const line of proposed('PipeForGit', refusal)) await paste(line, at());
      expect(await refused(words)).toBe(null);
    }
  });

  it('UnfitFile: the file is brought back', async () => {
    const path = join(project.experiment, 'Dockerfile');
    rmSync(path);
    execFileSync('mkfifo', [path]);
    const lines = proposed('UnfitFile', await refused(['build', '--dry-run']));
    for (const line of lines) await paste(line, at());
    expect(lines).toHaveLength(2);
    expect(await refused(['build', '--dry-run'])).toBe(null);
  });

  it('FilteredFiles: run sees them as they are here', async () => {
    const { repository } = project;
    const git = (...words: string[]) => execFileSync('git', words, { cwd: project.root, env: project.env });
    git('config', '--global', 'filter.vault.smudge', 'sed s/secret/open/');
    git('config', '--global', 'filter.vault.clean', 'sed s/open/secret/');
    repository.write({ '.gitattributes': '*.key filter=vault\n', 'own.key': 'open\n' });
    git('add', '.');
    git('-c', 'user.name=A', '-c', 'user.email=a@example.org', 'commit', '--quiet', '--message', 'A key');
    const [line = '', ...others] = proposed('FilteredFiles', await refused(real));
    expect(others).toEqual([]);
    project.setParameters({ experiment_command: 'cat own.key' });
    expect(await paste(line, { ...at(), really: true })).toBe('open\n');
  });

  it('BuildFailed: it is built after a change of the Dockerfile', async () => {
    const file = join(project.experiment, 'Dockerfile');
    writeFileSync(file, `FROM ${baseImage}\nRUN false\n`);
    const [line = '', ...others] = proposed('BuildFailed', await refused(['build']));
    expect([line, others]).toEqual([expect.stringMatching(/again, after a change of .*Dockerfile$/), []]);
    writeFileSync(file, `FROM ${baseImage}\nRUN true\n`);
    await paste(line, at());
  });

  it('NoSuchCode: the paths that it may name are shown', async () => {
    project.setParameters({ experiment_conditions: ['--lr 1'], code: ['scr'] });
    project.repository.commit('A mistyped path');
    const [line = '', ...others] = proposed('NoSuchCode', await refused(['deploy', '--dry-run']));
    expect(others).toEqual([]);
    expect((await paste(line, at())).split('\n')).toContain('job.sh');
  });

  /** A folder for PATH whose `sh` does not deliver. */
  function cutOff(): NodeJS.ProcessEnv {
    const folder = join(project.scratch, 'cut-off');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'sh'),
      '#!/bin/sh\ncase " $* " in *" deliver "*) exit 1 ;; esac\nexec /bin/sh "$@"\n',
    );
    chmodSync(join(folder, 'sh'), 0o755);
    return { PATH: `${folder}:${process.env.PATH}` };
  }

  it('InputChanged: it is deployed with the present files', async () => {
    project.repository.write({ 'data/a.txt': '1\n', '.gitignore': 'data/\n' });
    project.setParameters({
      experiment_command: 'sh job.sh',
      experiment_conditions: ['--lr 1'],
      inputs: { own: '../../data' },
    });
    project.repository.commit('With an input');
    expect((await project.cli(['deploy', '--yes'], { env: cutOff() })).code).toBe(1);
    project.repository.write({ 'data/a.txt': '2\n' });
    const { lines } = await toldBy(project, 'InputChanged', ['deploy', '--yes'], at());
    expect(lines).toHaveLength(2);
    for (const line of lines) await paste(line, { ...at(), really: true });
    await project.ok(['deploy', '--wait', '--yes']);
    expect(project.receipts().map(({ state }) => state)).toEqual(['stopped', 'succeeded']);
    await project.ok(['terminate', '--yes']);
  });

  it('StateGone: it is deployed from the beginning', async () => {
    const keeps = '[ -e /data/state/x ] || { mkdir -p /data/state; echo 1 >/data/state/x; exit 1; }\n';
    project.repository.write({ 'job.sh': keeps });
    project.repository.commit('A job that keeps its state');
    await project.cli(['deploy', '--yes', '--wait']);
    const [first] = project.runs;
    const cut = await project.cli(['deploy', '--yes', '--retry-failed'], { env: cutOff() });
    expect(cut.code, cut.stdout).toBe(1);
    rmSync(project.run(first, 'data', 'state'), { recursive: true });
    const { lines } = await toldBy(project, 'StateGone', ['deploy', '--yes'], at());
    expect(lines).toHaveLength(2);
    for (const line of lines) await paste(line, { ...at(), really: true });
    // A `deploy --wait` would run it once more, if it has ended already.
    await project.cli(['status', '--watch']);
    expect(project.receipts().map(({ state }) => state)).toEqual(['failed', 'stopped', 'failed']);
    await project.ok(['terminate', '--yes']);
  });

  it('AnothersDeployment: taken over by the same experiment made again, and free once the other is seen', async () => {
    project.setParameters({ experiment_conditions: ['--hold 1'] });
    project.repository.commit('Holds');
    await project.ok(['deploy', '--yes']);
    await project.holding('hold-1');
    const away = join(project.scratch, 'away');
    const [verbs, isLive] = [['status', 'stop', 'sync', 'logs'], { live: true }];
    const makeAgain = () => execFileSync('git', ['-C', project.root, 'checkout', '--', project.experiment]);
    renameSync(project.experiment, away);
    makeAgain();
    for (const verb of [...verbs.map((one) => [one]), real, end])
      expect((await refused(verb))?.name).toBe('AnothersDeployment');
    const { stdout, stderr } = await project.cli(['list'], { env: { COLUMNS: '1000' } });
    expect(`${stdout}${stderr}`).toContain('is that of another folder');
    const lines = proposed('AnothersDeployment', await refused(['status']));
    for (const line of lines) await paste(line, at());
    expect(await project.json(['status'])).toMatchObject(isLive);

    rmSync(project.experiment, { recursive: true });
    renameSync(away, project.experiment);
    expect(await project.json(['status'])).toMatchObject(isLive);
    const moved = join(project.root, 'experiments', 'moved');
    renameSync(project.experiment, moved);
    makeAgain();
    expect((await refused(['status']))?.message).toContain('logistician status FOLDER');
    expect(await project.json(['status'], { cwd: moved })).toMatchObject(isLive);
    expect(await project.json(['status'])).toMatchObject({ live: false, deployment: null });
    expect(await refused([...end, '--grace', '1'], moved)).toBe(null);
  });

  it.skipIf(isLeftOut('sshd', 'root'))('OtherComputer: the same is done there', async () => {
    project.setParameters({ experiment_conditions: ['--hold a', '--hold b'] });
    project.repository.commit('Jobs that hold');
    await project.ok(['deploy', '--yes', '--slots', '2']);
    for (const name of ['hold-a', 'hold-b']) await project.holding(name);
    // The home folder is that of both.
    const elsewhere = ['unshare', '--uts', 'sh', '-c', 'hostname elsewhere; exec "$@"', 'sh'];
    const { lines } = await toldBy(project, 'OtherComputer', ['stop'], { ...at(), as: elsewhere });
    const [line = '', rename = '', ...others] = lines;
    expect(others).toEqual([]);
    // A computer that was renamed since takes its own jobs for another's.
    writeFileSync(join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const script = `hostname elsewhere\n${rename}\nlogistician stop hold-b --grace 1`;
    await paste(`unshare --uts sh -ec '${script}'`, at());
    const states = async () => (await project.json(['status'])).conditions.map(({ state }) => state);
    expect(await states()).toEqual(['running', 'stopped']);
    const sshd = await Sshd.start(join(project.scratch, 'sshd'), {
      home: project.home,
      more: { ForceCommand: 'exec sh' },
    });
    try {
      const ssh = sshProgram(join(project.scratch, 'ssh'), sshd.configFor(hostname()));
      const input = `cd '${project.experiment}' && PATH='${bin}':$PATH logistician stop\n`;
      await paste(line, { ...at(project.experiment, { PATH: `${ssh}:${process.env.PATH}` }), input });
    } finally {
      await sshd.stop();
    }
    expect(await states()).toEqual(['stopped', 'stopped']);
    await project.ok(['terminate', '--yes']);
  });
});
