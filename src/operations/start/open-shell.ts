import { ownGpus } from '../../machines/slots.js';
import { currentUser, inContainer } from '../../machines/user.js';
import { command } from '../../shell/command.js';
import type { Io } from '../../shell/process.js';
import { aShell } from '../../targets/container-shell.js';
import { verifyDockerArgs } from '../../targets/docker-args.js';
import { containerWords, groupWords, programWordsOf } from '../../tools/docker/lines.js';
import { type Experiment, inputFolders } from '../experiment.js';
import type { Session } from '../session.js';
import { liveGit } from '../source-warnings.js';
import { build } from './build.js';
import { gpusHere } from './gpus-here.js';

/** Opens a shell in the experiment's image, on the live tree or, bare, without any folder of this computer. Nothing is
 * recorded; /data is the container's own and is deleted with it.
 * @returns the shell's exit code. */
export async function openShell(
  session: Session,
  experiment: Experiment,
  { bare, io, tty }: { readonly bare: boolean; readonly io: Io; readonly tty: boolean },
): Promise<number> {
  const { parameters, project, engine } = experiment;
  const inputs = bare ? {} : inputFolders(experiment);
  await verifyDockerArgs(session.executor, parameters.dockerCommand, parameters.dockerRunArgs);
  const image = await build(session, experiment);
  const facts = await engine.facts();
  const wish = parameters.gpus;
  const gpus = ownGpus(wish, await gpusHere(session, facts, wish));
  const user = currentUser();
  const own = inContainer(user, facts.users === 'rootless');
  const words = containerWords({
    name: `logistician-shell-${parameters.experimentName}-${process.pid}`,
    image: image.tag,
    labels: { 'logistician.experiment': parameters.experimentName },
    project: bare ? null : project.root,
    git: bare ? [] : await liveGit(session, project, { commit: project.head }),
    data: null,
    home: null,
    inputs,
    secrets: null,
    userId: String(own.id),
    groupId: String(own.group),
    userName: user.name,
    environment: parameters.environment,
    extraArgs: [...parameters.dockerRunArgs, '--tmpfs', `/data:uid=${own.id},gid=${own.group},exec`],
    experimentCommand: aShell,
  });
  const mode = [
    ...['--rm', '--interactive', ...(tty ? ['--tty'] : [])],
    ...(gpus ? ['--gpus', gpus] : []),
    ...groupWords(own.groups),
  ];
  const outcome = await session.executor.attempt(
    command(...programWordsOf(parameters.dockerCommand), 'run', ...mode, ...words),
    io,
  );
  return outcome.code;
}
