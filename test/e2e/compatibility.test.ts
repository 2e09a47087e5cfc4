import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLeftOut, isMissing } from '../support/engines.js';
import { machineTools, made } from '../support/machine-image.js';
import { packageRoot, TestProject } from '../support/project.js';

/** An experiment as users of the original tool have them, letter for letter but for Python, which the test's
 *  base image lacks, and git, which the image has that lab machines are made of. */
const originals = {
  'experiments/1/Dockerfile': `FROM ${machineTools.name}
ENV project_git_url="https://git.example.org/project.git"
ENV experiment_cmd="sh add.sh"
RUN mkdir -p /data/config /data/logs /data/results
CMD if [ ! -d "/project" ]; then git clone "$project_git_url" /project; cd /project; else cd /project; fi; \\
    git log -1 > /data/config/git.txt; \\
    echo "$OPTIONS" > /data/config/options.txt; \\
    eval "$experiment_cmd $OPTIONS"
`,
  'experiments/1/parameters.json': `{
  "experiment_name": "logistician-test-original",
  "project_git_url": "https://git.example.org/project.git",
  "project_git_url_comment": "The repository to clone",
  "local_docker_command": "docker",
  "local_docker_command_comment": "nvidia-docker where there are GPUs",
  "aws_ami": "ami-0123456789abcdef0",
  "aws_ami_user": "ubuntu",
  "aws_instance_type": "p2.xlarge",
  "aws_region": "eu-west-1",
  "experiment_conditions": ["1 2", "3 4"]
}
`,
  'add.sh': 'echo "The sum is $(($1 + $2))" | tee /data/results/sum.txt\n',
};

describe.skipIf(isMissing('docker', 'git'))('an experiment of the original tool runs unchanged', () => {
  let project: TestProject;
  let folder: string;

  beforeAll(() => {
    made(machineTools);
    project = new TestProject({ bare: true, files: originals });
    project.repository.commit('First');
    folder = join(project.root, 'experiments', '1');
  });
  afterAll(async () => {
    await project.cli(['terminate', '--yes'], { cwd: folder });
    await project.quiet();
    await project.remove();
  });

  it('is valid', async () => {
    expect(await project.ok(['validate'], { cwd: folder })).toContain(
      'logistician-test-original, 2 conditions, target aws',
    );
  });

  it('run -o "1 2"', async () => {
    const { code, stdout } = await project.cli(['run', '-o', '1 2'], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The sum is 3\n' });
    const { record, read } = newest();
    expect(record).toMatchObject({ state: 'succeeded', recipe: { command: null } });
    expect(read('results', 'sum.txt')).toBe('The sum is 3\n');
    expect(read('config', 'options.txt')).toBe('1 2\n');
    expect(read('config', 'git.txt')).toContain(`commit ${project.repository.head}`);
  });

  it('deploy --target local --wait', async () => {
    const { code, stdout } = await project.cli(['deploy', '--target', 'local', '--yes', '--wait'], {
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2 of 2 ended: 2 succeeded /m);
    const all = await project.ok(['logs'], { cwd: folder });
    expect(all).toMatch(/ \| The sum is 3$/m);
    expect(all).toMatch(/ \| The sum is 7$/m);
    expect(newest().read('config', 'git.txt')).toContain(`commit ${project.repository.head}`);
  });

  function newest() {
    const runs = project.runsIn(folder);
    const id = runs.at(-1) ?? '';
    return {
      record: project.receiptIn(folder, id),
      read: (...path: string[]) => readFileSync(join(folder, 'runs', id, 'data', ...path), 'utf8'),
    };
  }
});

describe.skipIf(isLeftOut('docker', 'git'))('examples/addition', () => {
  let project: TestProject;

  beforeAll(() => {
    project = new TestProject({ bare: true });
    cpSync(join(packageRoot, 'examples', 'addition'), join(project.root, 'examples', 'addition'), {
      recursive: true,
      filter: (path) => !/\/(runs|\.logistician|__pycache__)$/.test(path),
    });
    project.repository.commit('Addition');
  });
  afterAll(() => project.remove());

  it('adds 1 and 2', async () => {
    const cwd = join(project.root, 'examples', 'addition', 'experiments', '1');
    expect(existsSync(cwd)).toBe(true);
    const { code, stdout } = await project.cli(['run', '-o', '1 2'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/\b3$/m);
    expect(project.receiptIn(cwd).state).toBe('succeeded');
  });
});
