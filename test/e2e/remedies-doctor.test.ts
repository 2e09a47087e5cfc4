import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut } from '../support/engines.js';
import { OwnEngine } from '../support/own-engine.js';
import { TestProject } from '../support/project.js';
import { binOf, paste } from '../support/remedy.js';

interface Found {
  readonly what: string;
  readonly state: string;
  readonly mend: readonly string[];
}

// At an engine of its own: one that others use has more to remove.
describe.skipIf(isLeftOut('docker', 'git', 'root'))('N6: what doctor proposes', () => {
  let engine: OwnEngine;
  let project: TestProject;
  let at: { cwd: string; env: NodeJS.ProcessEnv };

  beforeAll(async () => {
    engine = new OwnEngine();
    await engine.start();
    engine.load(baseImage);
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1'] } });
    const PATH = `${binOf(project)}:${process.env.PATH}`;
    at = { cwd: project.experiment, env: { ...project.env, DOCKER_HOST: engine.host, PATH } };
  });
  afterAll(async () => {
    await project?.remove();
    await engine?.remove();
  });

  const key = () => join(project.home, '.logistician', 'ssh-key');

  it.each([
    ['SSH key', () => rmSync(key(), { force: true })],
    ['SSH key', () => chmodSync(key(), 0o644)],
    ['leftovers', () => engine.docker('run', '--label', 'logistician.run=x', baseImage, 'true')],
  ])('%s: it is mended by the line', async (what, arrange) => {
    arrange();
    const look = async () => {
      const { stdout } = await project.cli(['doctor', '--json'], at);
      const { findings } = JSON.parse(stdout) as { findings: Found[] };
      return findings.find((one) => one.what === what);
    };
    const [line = '', ...others] = (await look())?.mend ?? [];
    expect(others).toEqual([]);
    await paste(line, at);
    expect(await look()).toMatchObject({ state: 'good', mend: [] });
  });
});
