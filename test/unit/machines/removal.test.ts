import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineGone } from '../../../src/machines/removal.js';
import { isMissing } from '../../support/engines.js';
import { scratchFolder } from '../../support/repository.js';
import { until } from '../../support/until.js';

describe('a folder that is removed', () => {
  let folder: string;
  beforeAll(() => {
    folder = scratchFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const gone = (path: string, rm = '') =>
    spawnSync('sh', ['-c', `${rm}${defineGone}; gone "$1"`, 'sh', path], { encoding: 'utf8' });

  it('is gone although a process still writes into it', async () => {
    const job = join(folder, 'job');
    mkdirSync(job);
    const writes = `for n in $(seq 400); do : >"$1/$n" || exit; done; sleep 0.2; : >"$1/end"`;
    const writer = spawn('sh', ['-c', writes, 'sh', job], { stdio: 'ignore' });
    await until('it writes', () => existsSync(join(job, '1')));
    expect(gone(job)).toMatchObject({ status: 0, stderr: '' });
    writer.kill('SIGKILL');
    expect(existsSync(job)).toBe(false);
  });

  it.skipIf(isMissing('root'))('is gone with folders that a job has made read-only', () => {
    const job = join(folder, 'closed');
    mkdirSync(join(job, 'results', 'inner'), { recursive: true });
    const as = ['--reuid=65534', '--regid=65534', '--clear-groups', '--'];
    const line = 'chmod 500 "$1/results/inner" "$1/results"; rm -rf "$1" 2>/dev/null && exit 9';
    chownSync(folder, 65534, 65534);
    spawnSync('chown', ['-R', '65534:65534', job]);
    const { status, stderr } = spawnSync(
      'setpriv',
      [...as, 'sh', '-c', `${line}; ${defineGone}; gone "$1"`, 'sh', job],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(existsSync(job)).toBe(false);
  });

  it('is tried again, and said of where it stays', () => {
    const tries = join(folder, 'tries');
    const fails = (times: number) =>
      `sleep() { :; }; rm() { echo x >>'${tries}'; [ $(wc -l <'${tries}') -gt ${times} ] || { echo no >&2; return 1; }; }; `;
    expect(gone('x', fails(6))).toMatchObject({ status: 0, stderr: '' });
    rmSync(tries);
    expect(gone('x', fails(20))).toMatchObject({ status: 1, stderr: 'no\n' });
  });
});
