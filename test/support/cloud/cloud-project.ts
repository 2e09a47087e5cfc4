import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from '../../../src/runs/deployment.js';
import { findState } from '../../../src/runs/state-folder.js';
import { type ProcessThere, processesIn } from '../../../src/shell/processes.js';
import { killHard, type ProjectOptions, packageRoot, type Started, TestProject } from '../project.js';
import { until } from '../until.js';
import type { Call } from './call.js';
import type { Cloud } from './cloud.js';
import type { Instance } from './ec2.js';
import { KeptProvider } from './kept-provider.js';

export interface CloudProjectOptions extends ProjectOptions {
  /** Whether Terraform finds its provider running. Not where either is killed, or its start is what is tested. */
  readonly keptProvider?: boolean;
}

/** What dies of a command at AWS. */
export const victims = [
  'the CLI',
  'Terraform',
  'the CLI and Terraform',
  'the CLI, Terraform and its provider',
] as const;
export type Victim = (typeof victims)[number];

/** A project of a user whose AWS is the test cloud. */
export class CloudProject extends TestProject {
  #provider: KeptProvider | null = null;

  private constructor(
    private readonly cloud: Cloud,
    options: ProjectOptions,
  ) {
    super({
      ...options,
      parameters: { ...atCloud(cloud), ...options.parameters },
    });
  }

  /** The project, with the key that `setup` makes. */
  static async start(cloud: Cloud, options: CloudProjectOptions = {}): Promise<CloudProject> {
    const project = new CloudProject(cloud, options);
    if (options.keptProvider) project.#provider = await KeptProvider.start(project.env);
    await project.ok(['setup', '--yes']);
    return project;
  }

  override get env(): NodeJS.ProcessEnv {
    return { ...super.env, ...this.cloud.env, AWS_ACCESS_KEY_ID: this.name, ...this.#provider?.env };
  }

  /** The calls of the API that this project has made. */
  get calls(): readonly Call[] {
    return this.cloud.calls.filter(({ key }) => key === this.name);
  }

  /** Its Terraform running, and the providers that it has started, or left behind. */
  get terraform(): readonly ProcessThere[] {
    return processesIn(join(this.state, 'terraform'));
  }

  /** Where this computer keeps what it knows of the deployment. */
  get state(): string {
    return findState(this.home, this.experiment, false).folder;
  }

  /** Deploys until its machines are there, or it has ended: with the API alone they cannot be reached. */
  async deployed(program?: string): Promise<Started> {
    const deploy = this.startProgram([
      process.execPath,
      program ?? join(packageRoot, 'bin', 'run.js'),
      ...['deploy', '--yes'],
    ]);
    await this.untilUp(deploy);
    return deploy;
  }

  /** kill -9 of some of what works on a command. */
  kill(cli: Started, victim: Victim): void {
    const isAll = victim === 'the CLI, Terraform and its provider';
    if (isAll) cli.signal('SIGKILL');
    else if (victim !== 'Terraform') cli.signalAlone('SIGKILL');
    if (victim === 'the CLI') return;
    for (const { pid, program } of this.terraform)
      if (isAll || program === 'terraform') killHard(program === 'terraform' ? -pid : pid);
  }

  async untilUp(deploy: Started): Promise<void> {
    let hasEnded = false;
    const note = () => {
      hasEnded = true;
    };
    void deploy.ended.then(note, note);
    // It writes down how they are reached once they are there.
    const isUp = /terraform -chdir=\S+ apply [\s\S]*\/ssh_config/;
    await until('machines, or an end', () => hasEnded || isUp.test(deploy.stderr));
  }

  /** Other settings, over those that reach the cloud's machines. */
  settings(settings: Readonly<Record<string, unknown>>): void {
    this.setParameters({ ...atCloud(this.cloud), ...settings });
  }

  get deployment(): Deployment {
    const path = join(this.state, 'deployment.json');
    return JSON.parse(readFileSync(path, 'utf8')) as Deployment;
  }

  /** Live instances of an experiment by their condition's first word, such as `lr-1`. */
  async instances(experiment = this.name): Promise<Map<string, Instance>> {
    const live = await this.cloud.ec2.live();
    const own = live.filter(({ tags }) => tags['logistician.experiment'] === experiment);
    return new Map(
      own.map((one) => [(one.tags['logistician.condition'] ?? '').replace(/-[0-9a-f]{10}$/, ''), one]),
    );
  }

  /** Kills the others first, whose folder goes: a provider has no word of the project on its command line. */
  override async remove(): Promise<void> {
    for (const { pid } of this.terraform) killHard(pid);
    await super.remove();
    await this.#provider?.stop();
  }

  /** Every file below the experiment's folder and the home folder that has these bytes, with its mode. */
  filesWith(bytes: string): { path: string; mode: number }[] {
    return [this.root, this.home].flatMap((folder) =>
      existsSync(folder)
        ? readdirSync(folder, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile() && !entry.parentPath.includes('plugin-cache'))
            .filter((entry) => !entry.parentPath.includes('.terraform'))
            .map((entry) => join(entry.parentPath, entry.name))
            .filter((path) => readFileSync(path).includes(bytes))
            .map((path) => ({ path, mode: statSync(path).mode & 0o777 }))
        : [],
    );
  }
}

/** The settings with which the cloud's machines are reached. */
export const atCloud = (cloud: Cloud) => ({
  target: 'aws',
  aws_instance_type: 't3.small',
  aws_subnet_id: cloud.subnet,
  aws_ssh_address: 'private',
});
