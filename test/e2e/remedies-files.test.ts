import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
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
import { isLeftOut } from '../support/engines.js';
import { fastClock } from '../support/fast-clock.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, pasteAnyhow, proposed, refusedBy, tried } from '../support/remedy.js';
import { until } from '../support/until.js';

/** Root may open every file, unless it gives that up. */
const unprivileged = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--'];

// What is proposed about files of the user's that cannot be read or written, or are not what they should be.
describe.skipIf(isLeftOut('docker', 'git', 'root'))('N6: what is proposed about files', () => {
  let project: TestProject;
  let at: { cwd: string; env: NodeJS.ProcessEnv; as: readonly string[] };

  beforeAll(async () => {
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 1'] } });
    const env = { ...project.env, PATH: `${binOf(project)}:${process.env.PATH}`, COLUMNS: '1000' };
    at = { cwd: project.experiment, env, as: unprivileged };
    await project.ok(['deploy', '--yes', '--wait']);
  });
  afterAll(() => project.remove());

  const refused = (...words: string[]) => refusedBy(project, words, at);
  /** With the rights of the user who was refused. */
  const taken = (line: string) =>
    paste(`exec ${unprivileged.join(' ')} bash -c ${JSON.stringify(line.replaceAll(/[$`]/g, '\\$&'))}`, at);

  /** Lines of which the last ones mend. */
  async function mends(lines: readonly string[], ...words: string[]): Promise<void> {
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) await taken(line);
    expect(await refused(...words)).toBe(null);
  }

  it('ClosedDeployment', async () => {
    chmodSync(join(project.stateFolder, 'deployment.json'), 0);
    await mends(proposed('ClosedDeployment', await refused('status')), 'status');
  });

  it('NotPermitted', async () => {
    chmodSync(project.stateFolder, 0o500);
    const lines = proposed('NotPermitted', await refused('terminate', '--yes'));
    await mends(lines, 'terminate', '--yes');
  });

  it('runs/ignored-folder.ts', async () => {
    const links = join(project.experiment, '.logistician');
    rmSync(links, { recursive: true });
    mkdirSync(links);
    chmodSync(links, 0o500);
    const words = ['deploy', '--yes', '--force', '--wait'];
    const refusal = await refused(...words);
    expect(refusal?.message).toContain('.logistician cannot be written: EACCES');
    await mends(proposed('runs/ignored-folder.ts', refusal), ...words);
  });

  it('operations/read-experiment.ts: a file that cannot be opened', async () => {
    chmodSync(join(project.experiment, 'parameters.json'), 0);
    await mends(proposed('operations/read-experiment.ts', await refused('validate')), 'validate');
  });

  it('operations/read-experiment.ts: a pipe in the place of a file', async () => {
    const file = join(project.experiment, 'parameters.json');
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    execFileSync('mkfifo', [file]);
    const refusal = await refused('build');
    expect(refusal?.message).toContain('is not a regular file');
    for (const line of proposed('operations/read-experiment.ts', refusal)) await taken(line);
    writeFileSync(file, text);
    rmSync(`${file}.old`);
    expect(await refused('build')).toBe(null);
  });

  it('operations/read-experiment.ts: a file in the place of a folder', async () => {
    for (const words of [['validate'], ['status'], ['deploy', '--dry-run'], ['history']]) {
      const refusal = await refused(words[0] ?? '', '../../job.sh', ...words.slice(1));
      const lines = proposed('operations/read-experiment.ts', refusal);
      expect(refusal?.message).toContain('is a file; an experiment is a folder');
      expect(lines).toHaveLength(1);
      expect(await taken(lines[0] ?? '')).toContain('experiments');
    }
  });

  it('operations/reproduce/check.ts', async () => {
    await project.ok(['run', '-o', '--lr 1']);
    const folder = join(project.home, '.logistician', 'reproduced');
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o500);
    const words = ['reproduce', 'last', '--check'];
    await mends(proposed('operations/reproduce/check.ts', await refused(...words)), ...words);
  });

  it('runs/parameters-files.ts', async () => {
    const folder = join(project.experiment, 'runs', '.parameters');
    rmSync(folder, { recursive: true, force: true });
    symlinkSync('/tmp', folder);
    const words = ['run', '-o', '--lr 1'];
    await mends(proposed('runs/parameters-files.ts', await refused(...words)), ...words);
  });

  it('NotTheRunsFolder: the folder that the link leads to is mounted in its place', async () => {
    const [runs, disk] = [join(project.experiment, 'runs'), join(project.scratch, 'a disk')];
    const words = ['run', '-o', '--lr 1'];
    renameSync(runs, disk);
    symlinkSync(disk, runs);
    const refusal = await refused(...words);
    expect(refusal?.name).toBe('NotTheRunsFolder');
    // Root needs none, and may have none.
    writeFileSync(join(project.scratch, 'bin', 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    await paste(refusal?.suggestions.at(-1) ?? '', at);
    try {
      expect(await refused(...words)).toBe(null);
      const [run = ''] = readdirSync(disk).sort().slice(-1);
      expect(readFileSync(join(disk, run, 'data', 'results', 'rate.txt'), 'utf8')).toBe('1\n');
      expect(await refused('deploy', '--yes', '--force', '--wait')).toBe(null);
    } finally {
      execFileSync('umount', [runs]);
    }
    rmSync(runs, { recursive: true });
    renameSync(disk, runs);
  });

  it('UnreadableReceipt', async () => {
    const receipt = project.run(project.runs.at(-1), 'run.json');
    writeFileSync(receipt, '{');
    const of = 'UnreadableReceipt';
    const warned = async () => (await project.cli(['status'], at)).stderr;
    const message = await warned();
    const lines = proposed(of, { name: of, message, suggestions: linesBelow(message, 'cannot be read as') });
    expect(lines).toHaveLength(1);
    for (const line of lines) await taken(line);
    expect(await warned()).not.toContain('cannot be read');
    expect(existsSync(`${receipt}.broken`)).toBe(true);
  });

  it.each([
    ['status'],
    // It needs no settings.
    ['conditions'],
    // Its flag comes before the settings.
    ['build', '--quiet', '--dry-run'],
    ['completion', 'bash'],
  ])('InvalidSettings: %s', async (...words) => {
    writeFileSync(join(project.home, '.logistician', 'config.json'), '{ "verbose": 1');
    const of = 'InvalidSettings';
    const warned = async () => (await project.cli(words, at)).stderr;
    const message = await warned();
    const lines = proposed(of, { name: of, message, suggestions: linesBelow(message, 'used only in part') });
    expect(lines).toHaveLength(1);
    for (const line of lines) await paste(line, at);
    expect(await warned()).not.toContain('used only in part');
  });

  it('RefusedDockerArgs', async () => {
    const file = join(project.experiment, 'parameters.json');
    const before = readFileSync(file, 'utf8');
    const missing = join(project.scratch, 'not-there');
    const settings = (...words: string[]) =>
      writeFileSync(file, JSON.stringify({ ...JSON.parse(before), docker_run_args: words }));
    settings('--volume', `${missing}:/x`);
    const words = ['deploy', '--dry-run', '--commit', 'HEAD'];
    await mends(proposed('RefusedDockerArgs', await refused(...words)), ...words);
    settings('--memory', 'much');
    const lines = proposed('RefusedDockerArgs', await refused(...words));
    expect(lines).toHaveLength(1);
    expect(await taken(lines[0] ?? '')).toContain('--memory');
    writeFileSync(file, before);
  });

  it('LockHeld', async () => {
    await project.ok(['deploy', '--yes', '--wait', '--force']);
    const deploy = project.start(['deploy', '--yes', '--force']);
    const lock = () => readdirSync(project.stateFolder).filter((name) => name === 'lock');
    await until('it has the lock', () => lock().length > 0);
    deploy.signalAlone('SIGSTOP');
    const refusal = await refusedBy(project, ['terminate', '--yes'], {
      ...at,
      env: { ...at.env, ...fastClock(30) },
    });
    const [look = '', goOn = '', ...others] = proposed('LockHeld', refusal);
    expect(others).toEqual([]);
    expect(await paste(look, at)).toContain('deploy --yes --force');
    await paste(goOn, at);
    await deploy.ended;
    expect(await refused('terminate', '--yes')).toBe(null);
  });

  it('cli/surroundings.ts', async () => {
    const gone = join(project.scratch, 'gone');
    mkdirSync(gone);
    const inGone = (line: string) => `cd ${gone} && rmdir ${gone}\n${line}\nlogistician list --all`;
    const { stderr } = await pasteAnyhow(inGone('true'), at);
    expect(stderr).toContain('The folder that you are in does not exist any more.');
    const of = 'cli/surroundings.ts';
    const [line = ''] = proposed(of, { name: of, message: stderr, suggestions: tried(stderr) });
    mkdirSync(gone);
    await paste(inGone(line), at);
  });
});

/** The lines that a warning proposes. */
function linesBelow(said: string, what: string): string[] {
  const [, below = ''] = said.split(new RegExp(`Warning: .*${what}.*\n`));
  return (below.split('\n\n')[0] ?? '')
    .split('\n')
    .map((row) => row.trim())
    .filter((row) => row.startsWith('mv '));
}
