import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMissing } from '../support/engines.js';
import { copyOfPackage, linesOf, TestProject } from '../support/project.js';

/** Files under the folders that hold the text. */
function filesWith(text: string, ...folders: string[]): string[] {
  try {
    return linesOf('grep', '--recursive', '--files-with-matches', '--fixed-strings', '-e', text, ...folders);
  } catch {
    return [];
  }
}

describe.skipIf(isMissing('docker', 'git'))('secrets and inputs', () => {
  let project: TestProject;
  /** Shell signs and a line break: what must reach the job as it is. */
  const value = `s3cret-$(id)-'"\\-${process.pid}\nsecond line of it`;
  const env = { WANDB_API_KEY: value };

  beforeAll(() => {
    project = new TestProject({
      parameters: {
        secrets: ['WANDB_API_KEY'],
        environment: { RATE: 0.1 },
        inputs: { mnist: '../../../mnist' },
        experiment_command: 'sh see.sh',
        experiment_conditions: ['one', 'two'],
      },
      files: {
        'see.sh': `printf %s "$WANDB_API_KEY" | sha256sum | cut -c 1-64
echo "rate $RATE"
cat /data/input/mnist/digits
touch /data/input/mnist/new 2>&1
`,
      },
    });
    mkdirSync(join(project.scratch, 'mnist'));
    writeFileSync(join(project.scratch, 'mnist', 'digits'), '0123456789\n');
  });
  afterAll(() => project.remove());

  const expected = () => {
    const sum = execFileSync('sha256sum', { input: value }).toString().slice(0, 64);
    return `${sum}\nrate 0.1\n0123456789\n`;
  };

  it('reach the job, by run', async () => {
    const { stdout, stderr } = await project.cli(['run', '-o', 'one', '--verbose'], { env });
    expect(stdout.startsWith(expected())).toBe(true);
    expect(`${stdout}${stderr}`).toMatch(/Read-only file system/);
    // The line that hands it over, to paste in a shell that has it.
    expect(stderr).toMatch(/^\$ printf %s "\$WANDB_API_KEY" \| /m);
  });

  it('reach the jobs of a deployment', async () => {
    expect((await project.cli(['deploy', '--yes', '--wait'], { env })).code).toBe(1);
    for (const condition of ['one', 'two'])
      expect((await project.ok(['logs', condition], { env })).startsWith(expected())).toBe(true);
    expect(linesOf('ls', join(project.scratch, 'mnist'))).toEqual(['digits']);
  });

  it('are in no file, output or container once the jobs have ended', async () => {
    await project.ok(['status', '--json'], { env });
    // As of a deploy that was cut before the job arrived.
    const left = `/dev/shm/logistician-${process.getuid?.()}/logistician-${project.runs.at(-1)}-0a1b2c`;
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'WANDB_API_KEY'), value);
    await project.ok(['terminate', '--yes'], { env });
    await project.quiet();
    const shown = `s3cret-$(id)`;
    expect(project.said.length).toBeGreaterThan(8);
    expect(project.said.filter((text) => text.includes(shown))).toEqual([]);
    expect(filesWith(shown, project.scratch)).toEqual([]);
    expect(filesWith(shown, '/dev/shm')).toEqual([]);
    expect(project.receipts().map(({ recipe }) => recipe.secrets)).toEqual(Array(3).fill(['WANDB_API_KEY']));
  });
});

describe.skipIf(isMissing('docker', 'git', 'root'))('for a user who is not root', () => {
  let project: TestProject;
  const [uid, gid] = [65534, 65534];
  let as: string[];

  beforeAll(() => {
    project = new TestProject({ bare: true, files: { 'job.sh': 'id -u; echo x > /data/results/x\n' } });
    project.repository.commit('First');
    copyOfPackage(join(project.scratch, 'installed'));
    execFileSync('chown', ['-R', `${uid}:${gid}`, project.scratch]);
    chmodSync(project.scratch, 0o755);
    const docker = linesOf('stat', '-c', '%g', '/var/run/docker.sock')[0];
    as = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, `--groups=${gid},${docker}`, '--'];
  });
  afterAll(() => project.remove());

  const cli = (words: readonly string[], cwd = project.experiment) =>
    project.startProgram([...as, process.execPath, join(project.scratch, 'installed/bin/run.js'), ...words], {
      cwd,
    }).ended;

  it('create, run and deploy work', async () => {
    const create = ['create', 'experiments/one', '--yes', '--name', project.name, '--command', 'sh job.sh'];
    expect(await cli(create, project.root)).toMatchObject({ code: 0 });
    execFileSync('sh', [
      '-c',
      `${as.join(' ')} sh -c 'cd ${project.root} && git add --all && git -c user.name=a -c user.email=a@example.org commit --quiet -m x'`,
    ]);
    expect(await cli(['run'])).toMatchObject({ code: 0, stdout: `${uid}\n` });
    expect(await cli(['deploy', '--yes', '--wait'])).toMatchObject({ code: 0 });
    expect(project.receipts().map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  it('root in the container leaves nothing of root’s behind', async () => {
    const file = join(project.experiment, 'parameters.json');
    const settings = {
      experiment_name: project.name,
      experiment_command: 'sh job.sh',
      docker_run_args: ['--user', '0'],
    };
    writeFileSync(file, JSON.stringify(settings));
    expect(await cli(['run'])).toMatchObject({ code: 0, stdout: '0\n' });
    expect(project.receipt().state).toBe('succeeded');
  });

  it('terminate and all else leave files of that user alone', async () => {
    expect(await cli(['terminate', '--yes'])).toMatchObject({ code: 0 });
    await project.quiet();
    expect(linesOf('find', project.scratch, '!', '-uid', String(uid))).toEqual([]);
    expect(linesOf('find', project.run('.'), '-name', 'x', '-uid', String(uid))).toHaveLength(3);
  });
});
