import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folders } from '../../src/machines/job-script.js';
import { Secret } from '../../src/shell/word.js';
import { baseImage, isMissing } from '../support/engines.js';
import { Lab, output, text } from '../support/lab.js';
import { OwnEngine } from '../support/own-engine.js';
import { TestUser } from '../support/user.js';

const files = {
  'reads.sh': 'cat /data/input/lab/train.csv;\n',
  'writes.sh': `
    id -u > /data/results/uid
    touch "$HOME/writable" && mkdir -p out/deep && echo result > out/deep/result && chmod 700 out
    mkdir -p ~/go/pkg /data/results/go/pkg && touch ~/go/pkg/f /data/results/go/pkg/f
    chmod -R a-w ~/go /data/results/go && chmod 0 /data/results/go
    umask 077; mkdir /data/results/private && echo "$USER $LOGNAME $TOKEN" > /data/results/private/who\n`,
};

/** Entries of the folder that are not that user's. */
const foreign = (folder: string, user: TestUser) =>
  execFileSync('find', [folder, '!', '-user', user.name, '-o', '!', '-group', user.name]).toString();

describe.skipIf(isMissing('docker', 'git', 'root', 'dockerd'))('the runner of a user who is not root', () => {
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

  /** What a job has to do with what only a group of the user's may read. */
  async function read(run: string, extraArgs: readonly string[] = []) {
    const inputs = { lab: join(lab.root, run) };
    mkdirSync(inputs.lab);
    writeFileSync(join(inputs.lab, 'train.csv'), 'rows\n');
    execFileSync('chgrp', ['-R', 'docker', inputs.lab]);
    execFileSync('chmod', ['-R', 'u=rwX,g=rX,o=', inputs.lab]);
    const sweep = await lab.sweep('sh reads.sh', { container: { extraArgs, inputs } });
    const job = await sweep.run(run);
    expect(job.state).toMatchObject({ state: 'succeeded' });
    expect(output(job)).toBe('rows\n');
    return job;
  }

  it('L22: what a job reads is what they may read by a group', () => read('groups'));

  it('L21, L23: an engine with user namespaces has the same files, and keeps no volume without a name', async () => {
    const engine = new OwnEngine([`--userns-remap=${user.name}`]);
    try {
      await engine.start();
      engine.load(baseImage);
      process.env.DOCKER_HOST = engine.host;
      const job = await read('remapped', ['--volume', '/cache']);
      expect(foreign(job.folder, user)).toBe('');
      expect(engine.docker('volume', 'ls', '--quiet')).toBe('');
    } finally {
      delete process.env.DOCKER_HOST;
      await engine.remove();
    }
  });

  it.each([
    ['as that user', [], () => user.ids.split(':')[0]],
    ['as root in the container', ['--user', '0'], () => '0'],
  ])('leaves files that are its own: a job %s', async (_, extraArgs, uid) => {
    const sweep = await lab.sweep('sh writes.sh', { container: { extraArgs, secrets: folders.secrets } });
    const job = sweep.job('writes');
    await sweep.machine.putSecret(job.container, new Secret('TOKEN', 'open sesame'));
    await sweep.put(job, sweep.jobPart(job, []));
    await sweep.begin();
    expect(await sweep.ended(job)).toMatchObject({ state: 'succeeded', kept: 'copied' });

    expect(text(job, 'results', 'uid').trim()).toBe(uid());
    expect(text(job, 'results', 'private', 'who')).toBe(`${user.name} ${user.name} open sesame\n`);
    expect(text(job, 'project', 'out', 'deep', 'result')).toBe('result\n');
    expect(foreign(job.folder, user)).toBe('');
    // L29
    execFileSync('runuser', ['-u', user.name, '--', 'rm', '-r', join(job.folder, 'data', 'results', 'go')]);
    expect(existsSync(join(job.folder, 'source'))).toBe(false);
    expect(existsSync(join(job.folder, 'home'))).toBe(false);
    expect(existsSync(join('/dev/shm', `logistician-${user.ids.split(':')[0]}`, job.container))).toBe(false);
  });
});
