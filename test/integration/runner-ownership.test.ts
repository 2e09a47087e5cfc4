import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known } from '../../src/machines/job-script.js';
import { Secret } from '../../src/shell/word.js';
import { isMissing } from '../support/engines.js';
import { Lab, text } from '../support/lab.js';
import { TestUser } from '../support/user.js';

const files = {
  'writes.sh': `
    id -u > /data/results/uid
    touch "$HOME/writable" && mkdir -p out/deep && echo result > out/deep/result && chmod 700 out
    umask 077; mkdir /data/results/private && echo "$USER $LOGNAME $TOKEN" > /data/results/private/who\n`,
};

/** Entries of the folder that are not that user's. */
const foreign = (folder: string, user: TestUser) =>
  execFileSync('find', [folder, '!', '-user', user.name, '-o', '!', '-group', user.name]).toString();

describe.skipIf(isMissing('docker', 'git', 'root'))('the runner of somebody who is not root', () => {
  let user: TestUser;
  let lab: Lab;

  beforeAll(() => {
    user = new TestUser();
    lab = new Lab(files, user.connection);
    user.owns(lab.root);
  });

  afterAll(async () => {
    await lab.close();
    rmSync(`/dev/shm/logistician-${user.ids.split(':')[0]}`, { recursive: true, force: true });
    await user.remove();
  });

  it.each([
    ['as that user', [], () => user.ids.split(':')[0]],
    ['as root in the container', ['--user', '0'], () => '0'],
  ])('leaves files that are its own: a job %s', async (_, extraArgs, uid) => {
    const sweep = await lab.sweep('sh writes.sh', { container: { extraArgs, secrets: known.secrets } });
    const job = sweep.job('writes');
    await sweep.machine.putSecret(job.container, new Secret('TOKEN', 'open sesame'));
    await sweep.put(job, sweep.jobPart(job, []));
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded', kept: 'copied' });

    expect(text(job, 'results', 'uid').trim()).toBe(uid());
    expect(text(job, 'results', 'private', 'who')).toBe(`${user.name} ${user.name} open sesame\n`);
    expect(text(job, 'project', 'out', 'deep', 'result')).toBe('result\n');
    expect(foreign(job.folder, user)).toBe('');
    expect(existsSync(join(job.folder, 'source'))).toBe(false);
    expect(existsSync(join(job.folder, 'home'))).toBe(false);
    expect(existsSync(join('/dev/shm', `logistician-${user.ids.split(':')[0]}`, job.container))).toBe(false);
  });
});
