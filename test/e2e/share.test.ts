import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { stateOfFolder } from '../support/folder-state.js';
import { copyOfPackage, TestProject } from '../support/project.js';
import { slow } from '../support/slow.js';
import { training } from '../support/training.js';
import { until } from '../support/until.js';
import { TestUser } from '../support/user.js';

describe.skipIf(isMissing('docker', 'git', 'root'))('runs that are given away', () => {
  let project: TestProject;
  let colleague: TestUser;
  let archive: string;

  beforeAll(async () => {
    project = new TestProject({
      files: { 'train.sh': training.program },
      parameters: { experiment_command: training.command, experiment_conditions: ['--lr 0.1', '--lr 0.3'] },
    });
    archive = join(project.scratch, 'best of: all.tar');
    await project.ok(['deploy', '--yes', '--wait']);
    // A snapshot, which is in no branch.
    project.repository.write({ 'new.sh': 'echo new\n' });
    await project.ok(['run', '-o', '--lr 0.9']);
    await project.ok(['note', 'last', 'the one to look at']);
    colleague = new TestUser();
  });
  afterAll(async () => {
    await colleague?.remove();
    await project.quiet();
    await project.remove();
  });

  it('are imported, read and reproduced by another user in another clone', async () => {
    const best = await project.json<{ runs: string[] }>([
      'export',
      '--best',
      '--by',
      'accuracy',
      '-o',
      archive,
    ]);
    expect(best.runs).toEqual([project.runs.at(-1)]);
    await project.ok(['export', 'last', 'lr-0.1', '-o', archive, '--force']);
    const clone = join(colleague.home, 'clone');
    const tool = join(colleague.home, 'tool');
    execFileSync('git', ['clone', '--quiet', project.root, clone]);
    copyOfPackage(tool);
    const file = join(colleague.home, 'runs.tar');
    writeFileSync(file, readFileSync(archive));
    colleague.owns(colleague.home);
    const asColleague = (...words: string[]) =>
      execFileSync(
        'runuser',
        [
          '-u',
          colleague.name,
          '--',
          'env',
          '-C',
          join(clone, 'experiments', 'one'),
          `HOME=${colleague.home}`,
          'GIT_CONFIG_NOSYSTEM=1',
          process.execPath,
          join(tool, 'bin', 'run.js'),
          ...words,
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      ).toString();

    expect(asColleague('import', file)).toContain('2 runs added');
    const [run = ''] = project.runs.slice(-1);
    const there = join(clone, 'experiments', 'one', 'runs', run);
    expect(stateOfFolder(join(there, 'data', 'results'))).toEqual(
      stateOfFolder(project.run(run, 'data', 'results')),
    );
    expect(existsSync(join(there, 'data', 'state'))).toBe(false);
    expect(asColleague('describe', run)).toContain('the one to look at');
    expect(JSON.parse(asColleague('history'))).toHaveProperty(run);
    for (const one of [run, 'lr-0.1'])
      expect(JSON.parse(asColleague('reproduce', one, '--check', '--json'))).toMatchObject({
        verdict: 'same bytes',
      });
    // The clone's branches and files are as they were, and what has come is protected.
    const git = (...words: string[]) =>
      execFileSync('git', ['-c', 'safe.directory=*', '-C', clone, ...words]).toString();
    expect(git('for-each-ref', 'refs/logistician/imported')).toBe('');
    expect(git('status', '--porcelain')).toBe('');
    expect(asColleague('import', file)).toContain('0 runs added; 2 runs here before');
  });

  slow('are written to standard output, and nothing else is there', async () => {
    const file = join(project.scratch, 'piped.tar');
    writeFileSync(file, project.bytesOf(['export', 'last', 'lr-0.1', '-o', '-']));
    const paths = (archive: string) =>
      execFileSync('tar', ['-t', '-P'], { input: readFileSync(archive) }).toString();
    expect(paths(file)).toBe(paths(archive));
    expect(await project.ok(['import', file])).toBe('0 runs added; 2 runs here before\n');
    expect((await project.cli(['export', 'last', '-o', '-', '--json'])).code).toBe(2);
    const dry = await project.cli(['export', 'last', '-o', '-', '--dry-run']);
    expect(dry).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^\$ tar -c .*runs\/[^>]*$/m),
    });
    expect(existsSync(join(project.experiment, '-'))).toBe(false);
  });

  let made = 0;

  /** An archive of these files below a folder, each a text or what makes it. */
  function archiveOf(files: Readonly<Record<string, string | ((path: string) => void)>>): string {
    const folder = join(project.scratch, 'made');
    rmSync(folder, { recursive: true, force: true });
    for (const [path, what] of Object.entries(files)) {
      const whole = join(folder, path);
      mkdirSync(join(whole, '..'), { recursive: true });
      if (typeof what === 'string') writeFileSync(whole, what);
      else what(whole);
    }
    const file = join(project.scratch, `made-${++made}.tar`);
    execFileSync('tar', ['-c', '-f', file, '-P', '-C', folder, ...readdirSync(folder)]);
    return file;
  }

  slow('are refused where the file is none, or has what none has, and nothing is put anywhere', async () => {
    const [run = ''] = project.runs;
    const manifest = JSON.stringify({ schema: 1, runs: [run], commits: [] });
    const receipt = project.readRun(run, 'run.json');
    const before = readdirSync(join(project.experiment, 'runs')).sort();
    const bad: [string, string, string][] = [
      ['no archive', join(project.experiment, 'parameters.json'), 'it is no tar file'],
      ['a folder', project.experiment, 'it is a folder'],
      ['an archive of something else', archiveOf({ 'a.txt': 'x' }), 'it is no archive of'],
      ['a later version', archiveOf({ 'export.json': '{"schema":2}' }), 'another version'],
      ['no receipt', archiveOf({ 'export.json': manifest, [`runs/${run}/x`]: '' }), 'has no receipt'],
      [
        'a name that is no run',
        archiveOf({ 'export.json': manifest, 'runs/evil/run.json': receipt }),
        'is no id of a run',
      ],
      [
        'a link in place of its data',
        archiveOf({
          'export.json': manifest,
          [`runs/${run}/run.json`]: receipt,
          [`runs/${run}/data`]: (path) => symlinkSync('/etc', path),
        }),
        'is a link',
      ],
      ...['notes.json', 'data/measures', 'data/logs'].map((name): [string, string, string] => [
        `a link in place of ${name}`,
        archiveOf({
          'export.json': manifest,
          [`runs/${run}/run.json`]: receipt,
          [`runs/${run}/${name}`]: (path) => symlinkSync('/etc/passwd', path),
        }),
        `${name} in it is a link`,
      ]),
      [
        'the receipt of another run',
        archiveOf({ 'export.json': manifest, [`runs/${project.runs[1]}/run.json`]: receipt }),
        'is damaged, of another run',
      ],
      [
        'a commit that is an option',
        archiveOf({
          'export.json': manifest,
          [`runs/${run}/run.json`]: receipt.replace(/"commit": "[0-9a-f]+"/, '"commit": "--help"'),
        }),
        'is damaged',
      ],
    ];
    for (const [what, file, said] of bad) {
      const { code, stderr } = await project.cli(['import', file]);
      expect([what, code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([what, 1, expect.stringContaining(said)]);
      expect(stderr, what).not.toMatch(/\n {4}at /);
    }
    expect(readdirSync(join(project.experiment, 'runs')).sort()).toEqual(before);
    const exporting = async (file: string) => {
      const { code, stderr } = await project.cli(['export', 'last', '-o', file]);
      return [code, stderr.replaceAll(/\s+/g, ' ')];
    };
    for (const [file, said] of [
      [archive, 'exists, and is not replaced'],
      [project.scratch, 'is a folder'],
      [join(project.scratch, 'none', 'run.tar'), 'There is no folder'],
    ] as const)
      expect(await exporting(file)).toEqual([1, expect.stringContaining(said)]);
    expect((await project.cli(['import', archive, join(project.root, 'none')])).stderr).toContain(
      'There is no folder',
    );
  });

  it('are told to be of another experiment than the one that they come into', async () => {
    const other = join(project.root, 'experiments', 'other');
    await project.ok(['create', other, '--base', project.experiment, '--yes']);
    const { code, stderr } = await project.cli(['import', archive, other]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining(`These are runs of the experiment ${project.name}`),
    ]);
    expect(project.runsIn(other)).toHaveLength(2);
  });

  it('bring no pipe, no rights of root and nothing outside of runs/', async () => {
    const [run = ''] = project.runs;
    const other = run.replace(/^\d{8}/, '20200101');
    const receipt = project.readRun(run, 'run.json').replaceAll(run, other);
    const file = archiveOf({
      'export.json': JSON.stringify({ schema: 1, runs: [other], commits: [] }),
      [`runs/${other}/run.json`]: receipt,
      [`runs/${other}/data/results/tool`]: (path) => {
        writeFileSync(path, '#!/bin/sh\n');
        execFileSync('chmod', ['4755', path]);
      },
      [`runs/${other}/data/results/pipe`]: (path) => execFileSync('mkfifo', [path]),
    });
    await project.ok(['import', file]);
    expect(lstatSync(project.run(other, 'data', 'results', 'tool')).mode & 0o7000).toBe(0);
    expect(existsSync(project.run(other, 'data', 'results', 'pipe'))).toBe(false);
  });

  slow(
    'leave a folder where an import is killed, which clean removes, and not that of one that works',
    async () => {
      const pipe = join(project.scratch, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const runs = join(project.experiment, 'runs');
      const left = () => readdirSync(runs).filter((name) => name.startsWith('.import'));
      const leftovers = async (...words: string[]) =>
        (await project.json<{ leftovers: string[] }>(['clean', '--state', 'lost', ...words])).leftovers;
      const started = project.start(['import', pipe]);
      await until('it unpacks', () => left().length === 2);
      expect(await leftovers('--yes')).toEqual([]);
      started.signal('SIGKILL');
      await started.ended.catch(() => {});
      await project.quiet();
      const before = left().map((name) => join(runs, name));
      expect((await leftovers('--yes')).sort()).toEqual(before.sort());
      expect(left()).toEqual([]);
    },
  );
});
