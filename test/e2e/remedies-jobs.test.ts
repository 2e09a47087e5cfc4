import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { TestProject } from '../support/project.js';
import { binOf, paste, proposed, toldBy } from '../support/remedy.js';

describe.skipIf(isLeftOut('docker', 'git'))('N6: what is proposed about a job', () => {
  let project: TestProject;
  let bin: string;
  let at: { cwd: string; env: NodeJS.ProcessEnv };

  beforeEach(() => {
    project = new TestProject({ parameters: { experiment_conditions: ['--hold a'] } });
    bin = binOf(project);
    at = { cwd: project.experiment, env: { ...project.env, PATH: `${bin}:${process.env.PATH}` } };
  });
  afterEach(async () => {
    await project.quiet();
    await project.remove();
  });

  it('NotEnded: its state is shown, and it is stopped again', async () => {
    const down = join(project.scratch, 'down');
    writeFileSync(
      join(bin, 'docker'),
      `#!/bin/sh\n[ ! -e ${down} ] || { echo no answer >&2; exit 1; }\nPATH=\${PATH#*:} exec docker "$@"\n`,
      { mode: 0o755 },
    );
    await project.ok(['deploy', '--yes'], at);
    await project.holding('hold-a');
    writeFileSync(down, '');
    const { message, lines } = await toldBy(project, 'NotEnded', ['stop', '--grace', '1'], at);
    rmSync(down);
    const [look = '', again = '', ...others] = lines;
    expect([message, others]).toEqual([
      expect.stringContaining('has not ended: Docker does not answer.'),
      [],
    ]);
    expect(await paste(look, at)).toMatch(/^hold-a\S* .* (running|stopped)/m);
    await paste(again, at);
    expect(project.receipt().state).toBe('stopped');
  });

  it('NotARunFolder: the link in its place is shown, and removed', async () => {
    await project.ok(['deploy', '--yes'], at);
    const run = await project.holding('hold-a');
    const folder = project.run(run);
    renameSync(folder, `${folder}.aside`);
    symlinkSync(project.scratch, folder);
    const said = async () =>
      (await project.cli(['status'], { ...at, env: { ...at.env, COLUMNS: '1000' } })).stderr;
    const message = await said();
    const suggestions = [...message.matchAll(/^ {2}(\S.*)$/gm)].map(([, line = '']) => line);
    const of = 'NotARunFolder';
    const [look = '', mend = '', ...others] = proposed(of, { name: of, message, suggestions });
    // The job can also be ended, since what it writes has no place.
    expect([message, others]).toEqual([
      expect.stringContaining('so nothing is written there'),
      [expect.stringMatching(/^logistician stop hold-a/)],
    ]);
    expect(await paste(look, at)).toContain(` -> ${project.scratch}`);
    await paste(mend, at);
    expect(await said()).not.toContain('receipt');
    expect(project.receipt(run).state).toBe('running');
    rmSync(folder, { recursive: true });
    renameSync(`${folder}.aside`, folder);
    await project.ok(['stop', '--grace', '1'], at);
  });
});
