import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { copyOfPackage } from '../support/project.js';
import { scratchFolder } from '../support/repository.js';

// Slow only in that it is not run everywhere: not every system lets a user act that it does not know.
it.skipIf(isMissing('root'))('L38: works for a user unknown to the system', ({ skip }) => {
  const folder = scratchFolder();
  const user = 20_000 + (process.pid % 10_000);
  // Every user may write to it, as to the system's own, of which that may not hold here.
  const TMPDIR = mkdtempSync(join(folder, 'tmp-'));
  for (const path of [folder, TMPDIR]) chmodSync(path, 0o1777);
  // Installed where every user may read it, as the folder of this clone may not be.
  const installed = join(folder, 'installed');
  copyOfPackage(installed);
  const as = (line: string) => {
    const words = ['--reuid', `${user}`, '--regid', `${user}`, '--clear-groups', 'env', '-u', 'HOME'];
    const { status, stdout, stderr } = spawnSync(
      'setpriv',
      [...words, 'sh', '-c', line, 'sh', process.execPath],
      {
        cwd: folder,
        env: { ...process.env, TMPDIR },
        encoding: 'utf8',
      },
    );
    return { status, stdout, stderr };
  };
  const program = `"$1" "${join(installed, 'bin', 'run.js')}" --version`;
  const isLetIn = as(`"$1" --version && mkdir -m 700 "$TMPDIR/own" && ls "${installed}" "$TMPDIR/own"`);
  skip(isLetIn.status !== 0, `no such user may do anything here: ${isLetIn.stderr}`);
  expect(as(program)).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^logistician\//),
    stderr: '',
  });
  const home = join(TMPDIR, `logistician-home-${user}`);
  expect(statSync(home)).toMatchObject({ uid: user, mode: 0o40700 });
  rmSync(home, { recursive: true });
  mkdirSync(home);
  expect(as(program)).toMatchObject({ status: 1, stderr: expect.stringContaining('    export HOME=') });
  rmSync(folder, { recursive: true });
});
