import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, run } from '../support/docker.js';
import { baseImage, isLeftOut } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { Registry } from '../support/registry.js';
import { binOf, refusedBy } from '../support/remedy.js';
import { freePort } from '../support/sshd.js';

describe.skipIf(isLeftOut('docker', 'git'))('An image whose base is in a registry', () => {
  const small = 'logistician-test/registry-small';
  let project: TestProject;
  let registry: Registry;
  let at: { cwd: string; env: NodeJS.ProcessEnv };

  beforeAll(async () => {
    project = new TestProject({ parameters: { experiment_conditions: ['1'] } });
    at = {
      cwd: project.experiment,
      env: { ...project.env, PATH: `${binOf(project)}:${process.env.PATH}` },
    };
    const context = join(project.scratch, 'small');
    await run('sh', ['-c', `mkdir '${context}' && echo small >'${context}/file'`]);
    await run(
      'docker',
      ['build', '--quiet', '--tag', small, '--file', '-', context],
      'FROM scratch\nCOPY file /\n',
    );
    registry = new Registry(await freePort('127.0.0.1'), 'small', small);
    const from = `FROM ${registry.image} AS small\nFROM ${baseImage}\nCOPY --from=small /file /file\n`;
    writeFileSync(join(project.experiment, 'Dockerfile'), from);
  });
  afterAll(async () => {
    registry.down();
    await docker('rmi', '--force', small, registry.image);
    await project.remove();
  });

  it('is said not to be reached, not the Dockerfile to be wrong, and the lines that are proposed build it then', async () => {
    const refusal = await refusedBy(project, ['build'], at);
    expect(refusal).toMatchObject({ name: 'BuildFailed' });
    expect(refusal?.message).toMatch(/\/v2\/": dial tcp .*\n.*did not reach the registry/s);
    expect(refusal?.message).not.toContain('DEPRECATED');
    const [pull = '', again = '', ...others] = refusal?.suggestions ?? [];
    expect(pull).toBe(`docker pull ${registry.image}`);
    expect(others).toEqual([]);

    await registry.up();
    await run('bash', ['-c', pull]);
    registry.down();
    expect(again).toMatch(/^logistician build .*# again, then$/);
    expect(await refusedBy(project, ['build'], at)).toBeNull();
  });

  it('that the registry does not have, is a fault of the Dockerfile', async () => {
    await registry.up();
    writeFileSync(join(project.experiment, 'Dockerfile'), `FROM 127.0.0.1:${registry.port}/unknown\n`);
    const refusal = await refusedBy(project, ['build'], at);
    expect(refusal?.message).not.toContain('did not reach');
    expect(refusal?.suggestions).toEqual([
      expect.stringMatching(/build .*# again, after a change of .*Dockerfile$/),
    ]);
  });
});
