import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { packageRoot } from '../support/project.js';
import { Repository, scratchFolder } from '../support/repository.js';

describe.skipIf(isMissing('git'))('a process of the program', () => {
  let folder: string;
  let repository: Repository;
  const bin = join(packageRoot, 'bin', 'run.js');
  const parameters = '{"experiment_name": "one", "experiment_conditions": ["1"]}\n';

  beforeAll(() => {
    folder = scratchFolder();
    const files = { 'one/parameters.json': parameters, 'one/Dockerfile': 'FROM scratch\n' };
    repository = Repository.create(files, join(folder, 'project'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** As a shell runs the line. */
  const sh = (line: string, env: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line, 'sh', process.execPath, bin], {
      cwd: repository.root,
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  it('T22: prints nothing of the environment with DEBUG=*', () => {
    const { status, stdout, stderr } = sh('"$1" "$2" validate one', { DEBUG: '*', PASSWORD: 'hunter2' });
    expect({ status, stderr: stderr.split('\n')[1] }).toEqual({ status: 0, stderr: 'Next:' });
    expect(`${stdout}${stderr}`).not.toMatch(/hunter2|oclif:/);
  });

  it.each(['validate one', '--help', 'conditions one --json'])(
    'T22: says that its output is full: %s',
    (words) => {
      const { status, stderr } = sh(`"$1" "$2" ${words} >/dev/full`);
      expect(status).toBe(1);
      expect(stderr).toContain('Error: The output could not be written: ENOSPC');
      expect(stderr.length).toBeLessThan(500);
    },
  );

  it('T22: goes on where what it says cannot be written', () => {
    const { status, stdout } = sh('"$1" "$2" validate one 2>/dev/full');
    expect({ status, stdout }).toMatchObject({ stdout: expect.stringContaining('is valid') });
  });

  it('T22: under umask 000 no file of it is writable by every user', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const { status } = sh('umask 000; "$1" "$2" create two --command x --yes', { HOME: home });
    expect(status).toBe(0);
    for (const path of ['two', 'two/parameters.json', 'two/Dockerfile'])
      expect(statSync(join(repository.root, path)).mode & 0o002, path).toBe(0);
  });

  it('L38: works without HOME', () => {
    expect(sh('unset HOME; "$1" "$2" validate one')).toMatchObject({ status: 0 });
    expect(sh('HOME= "$1" "$2" validate one')).toMatchObject({ status: 0 });
  });

  it('L40: a folder that was deleted under it is named', () => {
    const { status, stderr } = sh('mkdir gone && cd gone && rmdir ../gone && "$1" "$2" conditions');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'Error: The folder that you are in does not exist any more.\n\n  Try:\n    cd\n',
    });
  });

  it.runIf(process.platform === 'linux')('a word that is not UTF-8 is refused, and none that is', () => {
    const refused = sh(`"$1" "$2" run one -o "$(printf 'caf\\351')"`);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('not UTF-8') });
    expect(sh(`"$1" "$2" validate "$(printf '\\357\\277\\275')"`).stderr).toContain('There is no folder');
  });
});
