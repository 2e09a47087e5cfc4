import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut } from '../support/engines.js';
import { packageRoot, TestProject } from '../support/project.js';
import { until } from '../support/until.js';

/** A million with LOGISTICIAN_SOAK_FILES, for a soak: it takes minutes. */
const fileCount = Number(process.env.LOGISTICIAN_SOAK_FILES ?? 20_000);
const changedCount = fileCount / 20;

/** Bytes, more than the memory that any of ours may take; a gigabyte with `bin/test --all`. */
const flood = process.env.LOGISTICIAN_TEST_ALL ? 1_000_000_000 : 300_000_000;

/** Says on standard error, at its end, how many MB of memory the program had at most. */
const tellsMemory = `data:text/javascript,process.on('exit', () => {
  process.stderr.write('memory ' + Math.round(process.resourceUsage().maxRSS / 1024) + ' MB\\n');
});`;

describe.skipIf(isLeftOut('docker', 'git'))('jobs that know no measure', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({
      files: {
        'floods.sh': `yes "$(head -c 9999 /dev/zero | tr '\\0' x)" | head -c ${flood}; echo "that was all"\n`,
        'many.sh': `echo begun; mkdir out; cd out; seq ${changedCount} | xargs touch
cd /data/results; seq ${fileCount} | xargs touch; echo written\n`,
      },
    });
  });
  afterAll(() => project.remove());

  /** What the line prints in the experiment's folder, with what our program in it used. */
  const inShell = async (line: string) => {
    const ours = `"${process.execPath}" --import "$tells" "${join(packageRoot, 'bin/run.js')}"`;
    const words = ['bash', '-c', `set -o pipefail; logistician() { ${ours} "$@"; }; ${line}`];
    const { code, stdout, stderr } = await project.startProgram(words, { env: { tells: tellsMemory } }).ended;
    return { code, stdout, stderr, memory: Number(/memory (\d+) MB/.exec(stderr)?.[1]) };
  };

  it('one that prints more than fits into memory: all of it is kept, and shown without being held in memory', async () => {
    project.setParameters({ experiment_command: 'sh floods.sh', experiment_conditions: ['flood'] });
    await project.ok(['deploy', '--snapshot', '--yes']);
    const [run = ''] = project.runs;
    const log = project.run(run, 'data', 'logs', 'docker.txt');
    await until('it floods', () => statSync(project.logOf(run)).size > 1e6);
    await project.ok(['status']);
    await project.ok(['deploy', '--wait', '--snapshot']);

    expect(project.receipt(run).state).toBe('succeeded');
    expect(statSync(log).size).toBe(flood + 'that was all\n'.length);
    // The reader comes late, and slowly: who writes has to wait for it.
    const whole = await inShell(`logistician logs flood | { sleep 1; cmp - "${log}"; }`);
    expect(whole).toMatchObject({ code: 0 });
    expect(whole.memory).toBeLessThan(250);
    const prefixed = await inShell(`logistician logs | sed 's/^[^|]*| //' | cmp - "${log}"`);
    expect(prefixed).toMatchObject({ code: 0 });
    expect(prefixed.memory).toBeLessThan(250);
    expect((await inShell('logistician logs flood --tail 1')).stdout).toBe('that was all\n');
    expect(await project.ok(['status'])).toContain('that was all');
    console.log(`logs: ${whole.memory} MB; with ids: ${prefixed.memory} MB`);
    await project.ok(['terminate', '--yes']);
  });

  it(`one that writes ${fileCount} results, and files into its checkout`, async () => {
    project.setParameters({ experiment_command: 'sh many.sh', experiment_conditions: ['many'] });
    await project.ok(['deploy', '--snapshot', '--yes']);
    const run = project.runs.at(-1) ?? '';
    const begun = Date.now();
    await project.ok(['deploy', '--wait', '--snapshot']);
    const wrote = Date.now();
    expect(project.receipt(run).state).toBe('succeeded');
    expect(readdirSync(project.run(run, 'data', 'results'))).toHaveLength(fileCount);
    expect(readdirSync(project.run(run, 'data', 'project', 'out'))).toHaveLength(changedCount);
    const look = Date.now();
    expect(await project.ok(['status'])).toMatch(/many-\S+ +succeeded/);
    await project.ok(['terminate', '--yes']);
    const removal = Date.now();
    execFileSync('rm', ['-rf', project.run(run)]);
    expect(project.runs).not.toContain(run);
    console.log(
      `files: ${wrote - begun} ms; looks: ${removal - look} ms; rm -rf: ${Date.now() - removal} ms`,
    );
    await project.quiet();
  });
});
