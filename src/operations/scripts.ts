import { createHash } from 'node:crypto';
import type { Condition } from '../experiment/condition.js';
import { containerLine, type JobScript, known, type SweepScript } from '../machines/job-script.js';
import type { User } from '../machines/user.js';
import type { RunRecord } from '../runs/run-record.js';
import { bindCommand, command, renderCommand } from '../shell/command.js';
import type { Word } from '../shell/word.js';
import { inside, programWordsOf } from '../tools/docker/command-line.js';
import type { RunFacts } from './run-facts.js';

/** The shared part of the job scripts. `project`, `data` and `home` are where the container finds them. */
export function sweepOf(
  { experiment, image, inputs }: RunFacts,
  docker: string,
  places: { project: Word | null; data: Word; dataReadOnly?: boolean; deployment?: string },
): Pick<SweepScript, 'docker' | 'maxHours' | 'image' | 'container'> {
  const { parameters } = experiment;
  return {
    docker,
    maxHours: parameters.maxHours,
    image,
    container: {
      image: image.tag,
      labels: {
        'logistician.experiment': parameters.experimentName,
        'logistician.run': known.run,
        ...(places.deployment && { 'logistician.deployment': places.deployment }),
      },
      project: places.project,
      data: places.data,
      dataReadOnly: places.dataReadOnly ?? false,
      home: [known.work, '/home'],
      inputs,
      secrets: parameters.secrets.length > 0 ? known.secrets : null,
      environment: parameters.environment,
      extraArgs: parameters.dockerRunArgs,
      experimentCommand: parameters.experimentCommand,
    },
  };
}

/** The job's own part of the script. Its container's name is the same each time for one job folder. */
export function scriptOf(record: RunRecord, condition: Condition, folder: string, gpus?: string): JobScript {
  return {
    run: record.id,
    containerName: containerName(record.id, folder),
    argv: record.command === null ? [] : condition.argv,
    options: condition.options,
    ...(gpus && { gpus }),
    configuration: configuration(record, condition),
  };
}

const containerName = (run: string, folder: string) =>
  `logistician-${run}-${createHash('sha256').update(folder).digest('hex').slice(0, 6)}`;

/** The configuration file that a job may read, on one line; numbers of its parameters as they were written. */
function configuration(record: RunRecord, condition: Condition): string {
  const fixed = JSON.stringify({
    run: record.id,
    experiment: record.experiment,
    condition: condition.id,
    argv: condition.argv,
    input_directory: inside.input,
    output_directory: inside.output,
    measures_directory: inside.measures,
    summary_measures_path: inside.summary,
    state_directory: inside.state,
  });
  return `${fixed.slice(0, -1)},"parameters":${condition.parameters}}`;
}

/** `docker run …` as the runner will issue it on this machine, less mode and GPUs. */
export function printedContainerLine(
  sweep: SweepScript,
  { id, folder }: { id: string; folder: string },
  condition: Condition,
  takesArgv: boolean,
  user: User,
): string {
  const values = {
    job: folder,
    work: folder,
    run: id,
    name: containerName(id, folder),
    user_id: String(user.id),
    group_id: String(user.group),
    user_name: user.name,
    secrets: `/dev/shm/logistician-${user.id}/${containerName(id, folder)}`,
  };
  const options = ['--env', `OPTIONS=${condition.options}`];
  const line = command(
    ...programWordsOf(sweep.docker),
    'run',
    ...options,
    ...containerLine(sweep),
    ...(takesArgv ? condition.argv : []),
  );
  return renderCommand(bindCommand(line, values));
}
