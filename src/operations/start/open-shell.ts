import { here } from '../../machines/connection.js';
import { findGpus } from '../../machines/gpus.js';
import { ownGpus } from '../../machines/slots.js';
import { currentUser } from '../../machines/user.js';
import { command } from '../../shell/command.js';
import type { Io } from '../../shell/process.js';
import { aShell } from '../../targets/container-shell.js';
import { containerWords, programWordsOf } from '../../tools/docker/lines.js';
import { type Experiment, inputFolders } from '../experiment.js';
import type { Session } from '../session.js';
import { build } from './build.js';

/** Opens a shell in the experiment's image, on the live tree or, bare, without any folder of this computer.
 *  Nothing is recorded; /data is the container's own and goes with it.
 *  @returns the shell's exit code. */
export async function openShell(
  session: Session,
  experiment: Experiment,
  { bare, io, tty }: { readonly bare: boolean; readonly io: Io; readonly tty: boolean },
): Promise<number> {
  const { parameters, project, engine } = experiment;
  const image = await build(session, experiment);
  const gpus = ownGpus(parameters.gpus, await findGpus(session.executor, here(''), await engine.facts()));
  const user = currentUser();
  const words = containerWords({
    name: `logistician-shell-${parameters.experimentName}-${process.pid}`,
    image: image.tag,
    labels: { 'logistician.experiment': parameters.experimentName },
    project: bare ? null : project.root,
    data: null,
    home: null,
    inputs: bare ? {} : inputFolders(experiment),
    secrets: null,
    userId: String(user.id),
    groupId: String(user.group),
    userName: user.name,
    environment: parameters.environment,
    extraArgs: [...parameters.dockerRunArgs, '--tmpfs', `/data:uid=${user.id},gid=${user.group},exec`],
    experimentCommand: aShell,
  });
  const mode = ['--rm', '--interactive', ...(tty ? ['--tty'] : []), ...(gpus ? ['--gpus', gpus] : [])];
  const outcome = await session.executor.attempt(
    command(...programWordsOf(parameters.dockerCommand), 'run', ...mode, ...words),
    io,
  );
  return outcome.code;
}
