import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImage, isLeftOut } from '../support/engines.js';
import { OwnEngine } from '../support/own-engine.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, pasteAnyhow, proposed, refusedBy, settingIn } from '../support/remedy.js';

// There is no GPU here. The engine has a runtime by the name of NVIDIA's, and nvidia-smi says what it says where its driver
// was updated and the kernel still has the old one.
const broken = 'Failed to initialize NVML: Driver/library version mismatch';

describe.skipIf(isLeftOut('docker', 'git', 'root'))('N6: GPUs that do not work', () => {
  let engine: OwnEngine;
  let project: TestProject;

  beforeAll(async () => {
    engine = new OwnEngine(['--add-runtime', 'nvidia=runc']);
    await engine.start();
    engine.load(baseImage);
    project = new TestProject({ parameters: { experiment_conditions: ['--lr 0.1'] } });
  });
  afterAll(async () => {
    await project?.remove();
    await engine?.remove();
  });

  it('BrokenGpus: what is the matter is shown, and jobs without GPUs run', async () => {
    const bin = binOf(project);
    writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\necho '${broken}'\nexit 18\n`, { mode: 0o755 });
    const env = { ...project.env, DOCKER_HOST: engine.host, PATH: `${bin}:${process.env.PATH}` };
    const at = { cwd: project.experiment, env };
    const refusal = await refusedBy(project, ['deploy', '--dry-run'], at);
    const [look = '', setting = '', ...others] = proposed('BrokenGpus', refusal);
    expect([refusal?.message, others]).toEqual([expect.stringContaining(broken), []]);
    expect(await pasteAnyhow(look, at)).toMatchObject({ code: 18, stdout: `${broken}\n` });
    project.setParameters({ experiment_conditions: ['--lr 0.1'], ...settingIn(setting) });
    await paste('logistician deploy --wait', { ...at, really: true });
    expect(project.receipt()).toMatchObject({ state: 'succeeded' });
  });
});
