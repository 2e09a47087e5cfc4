import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet, LabMachine } from './machines.js';
import { type Finished, type How, type ProjectOptions, TestProject } from './project.js';
import { until } from './until.js';

/** A project of a user who has machines: target hosts, and a ~/.ssh/config that knows all of the fleet. */
export function onHosts(fleet: Fleet, { parameters = {}, ...options }: ProjectOptions = {}): TestProject {
  const hosts = fleet.machines.map(({ name }) => name);
  const project = new TestProject({ ...options, parameters: { target: 'hosts', hosts, ...parameters } });
  writeSshConfig(project, `Include ${fleet.sshConfig}\n`);
  return project;
}

/** What the person has as ~/.ssh/config from now on. */
export function writeSshConfig({ home }: TestProject, text: string): void {
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.ssh', 'config'), text, { mode: 0o600 });
}

/** Runs `logistician` where it must succeed, and says all that it said. */
export async function well(project: TestProject, words: readonly string[], how: How = {}): Promise<Finished> {
  const finished = await project.cli(words, how);
  const { code, stdout, stderr } = finished;
  if (code !== 0) throw new Error(`logistician ${words.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return finished;
}

/** Ours on a machine, for one project's experiment. */
export const jobsOn = (machine: LabMachine, { name }: Pick<TestProject, 'name'>): string =>
  `${machine.home}/logistician/${name}`;

/** Waits, without a look by logistician, until so many jobs have ended on the machines, all together. */
export async function endedThere(fleet: Fleet, project: TestProject, count: number): Promise<void> {
  await until(`${count} jobs have ended`, async () => {
    const texts = await Promise.all(
      fleet.machines.map((machine) =>
        machine.exec(`cat ${jobsOn(machine, project)}/*/state.json 2>/dev/null || :`),
      ),
    );
    return (texts.join('').match(/"state":"(succeeded|failed|stopped|lost)"/g) ?? []).length >= count;
  });
}

/** Waits until a job of the condition says that it holds. @returns its run id */
export async function holdingOn(
  machine: LabMachine,
  project: Pick<TestProject, 'name'>,
  condition: string,
): Promise<string> {
  const line = `grep -l holding ${jobsOn(machine, project)}/*${condition}*/logs/docker.txt 2>/dev/null || :`;
  const path = await until(`${condition} holds`, () => machine.exec(line));
  return path.trim().split('\n').at(-1)?.split('/').at(-3) ?? '';
}

export const letGoOn = (machine: LabMachine, project: TestProject, run: string): Promise<string> =>
  machine.exec(`touch ${jobsOn(machine, project)}/${run}/data/results/go`);

/** All that the machine has of ours, and what the system keeps for the user who came. */
export async function footprint(machine: LabMachine): Promise<string[]> {
  const places = ['/home/ada', '/dev/shm', '/tmp', '/var/spool', '/var/tmp', '/etc', '/root'];
  return (await Promise.all(places.map((place) => machine.files(place)))).flat();
}

/** Words in front of a command line that make it that of an unprivileged user of this computer. */
export function asNobody(project: TestProject): string[] {
  execFileSync('chown', ['-R', '65534:65534', project.scratch]);
  execFileSync('chmod', ['755', project.scratch]);
  const docker = execFileSync('stat', ['-c', '%g', '/var/run/docker.sock']).toString().trim();
  return ['setpriv', '--reuid=65534', '--regid=65534', `--groups=65534,${docker}`, '--'];
}
