import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut } from '../support/engines.js';
import { OwnEngine } from '../support/own-engine.js';
import { TestProject } from '../support/project.js';
import { paste, proposed, refusedBy } from '../support/remedy.js';
import { SmallDisk } from '../support/small-disk.js';

describe.skipIf(isLeftOut('docker', 'git', 'root'))('an engine whose disk is full', () => {
  let disk: SmallDisk;
  let engine: OwnEngine;
  let project: TestProject;

  beforeAll(async () => {
    disk = new SmallDisk(600);
    engine = disk.within(() => new OwnEngine());
    await engine.start();
    engine.load(baseImage);
    project = new TestProject({
      parameters: { experiment_conditions: ['--lr 0.1'] },
      files: {
        'experiments/one/Dockerfile': `FROM ${baseImage}\nRUN head -c 900000000 /dev/zero >/large\n`,
      },
    });
  });
  afterAll(async () => {
    await project?.remove();
    await engine?.remove();
    disk.remove();
  });

  const env = () => ({ DOCKER_HOST: engine.host });

  it('fails the build by its own words, and leaves nothing half done', async () => {
    const { code, stderr } = await project.cli(['deploy', '--yes'], { env: env() });
    expect(code).toBe(1);
    expect(stderr).toMatch(/no space left on device/i);
    expect(stderr).toContain('The image could not be built');
    expect(project.runs).toEqual([]);
    expect(engine.docker('ps', '--all', '--quiet')).toBe('');
  });

  it('N6: is shown, and freed of what Docker does not need, by the lines of the error', async () => {
    const large = (name: string) => `FROM ${baseImage}\nRUN head -c 190000000 /dev/zero >/${name}\n`;
    const folder = join(project.scratch, 'unneeded');
    mkdirSync(folder);
    writeFileSync(join(folder, 'Dockerfile'), large('unneeded'));
    engine.docker('build', '--quiet', folder);
    project.repository.write({ 'experiments/one/Dockerfile': large('needed') });
    const at = { cwd: project.experiment, env: { ...project.env, ...env() } };
    const refusal = await refusedBy(project, ['build'], at);
    expect(refusal?.message).toMatch(/no space left on device/i);
    const [look = '', prune = '', ...others] = refusal?.suggestions ?? [];
    expect(others).toEqual([expect.stringMatching(/^logistician build /)]);
    expect(await paste(look, at)).toContain('Avail');
    await paste(prune, { ...at, input: 'y\n' });
    await project.ok(['build'], { env: env() });
  });

  it('DiskFull, N6: of a disk that the project shares with it, the same', async () => {
    const near = disk.within(() => new TestProject({ parameters: { experiment_conditions: ['--lr 0.1'] } }));
    try {
      const at = { cwd: near.experiment, env: { ...near.env, ...env() } };
      // An ended container is what Docker does not need, and all the rest is full.
      engine.docker('run', baseImage, 'sh', '-c', 'head -c 30000000 /dev/zero >/left');
      disk.fill();
      const creates = ['create', '../two', '--yes', '--command', 'x'];
      const [inFile, inProgram] = [
        await refusedBy(near, creates, at),
        await refusedBy(near, ['setup', '--yes'], at),
      ];
      const [ours = [], theirs = []] = [proposed('DiskFull', inFile), proposed('CommandFailed', inProgram)];
      expect([inFile?.message, ours]).toEqual([expect.stringMatching(/^The disk is full: .*\.$/), theirs]);
      const [look = '', prune = '', ...others] = ours;
      expect(others).toEqual([]);
      expect(await paste(look, at)).toMatch(/ 100% \/tmp\/logistician-test-/);
      await paste(prune, { ...at, input: 'y\n' });
      expect([await refusedBy(near, creates, at), await refusedBy(near, ['setup', '--yes'], at)]).toEqual([
        null,
        null,
      ]);
    } finally {
      disk.free();
      await near.remove();
    }
  });

  it('goes on once there is room', async () => {
    project.repository.write({ 'experiments/one/Dockerfile': `FROM ${baseImage}\n` });
    project.repository.commit('Smaller');
    await project.ok(['deploy', '--yes', '--wait'], { env: env() });
    await project.ok(['terminate', '--yes'], { env: env() });
    expect(project.receipt().state).toBe('succeeded');
  });
});
