import type { User } from '../machines/user.js';
import type { RunRecord } from '../runs/record.js';
import { type Command, command, write } from '../shell/command.js';
import { buildImage } from '../tools/docker/build-line.js';
import { type Checkout, checkOut } from '../tools/git/check-out.js';
import { pathsIn } from '../tools/job-paths.js';
import { configuration, containerCommand, containerName, imageOf } from './scripts.js';

/** What the commands that repeat a run need to know of this computer. */
export interface Here {
  /** The folder in which it is repeated, absolute. It gets source/, data/ and home/. */
  readonly folder: string;
  readonly docker: string;
  readonly user: User;
  readonly rootless: boolean;
  /** Where the run's commit is. */
  readonly checkout: Checkout;
  /** Paths of inputs by their name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The value of `--gpus`; null: none. */
  readonly gpus: string | null;
  /** /data/state at the beginning; null: it was empty. */
  readonly state: string | null;
}

/** The commands that repeat a run without anything of ours, in their order. */
export interface Reproduction {
  readonly prepare: readonly Command[];
  readonly build: Command;
  readonly run: Command;
  /** The name of its container. */
  readonly container: string;
}

/** The commands that do again what a receipt says. Pure. Secrets are taken from the caller's environment by their
 * names.
 * @param image the id of an image that runs in place of the one that `build` makes; null: none */
export function reproductionOf(
  { id, recipe }: Pick<RunRecord, 'id' | 'recipe'>,
  here: Here,
  image: string | null = null,
): Reproduction {
  const { folder, docker, checkout } = here;
  const data = pathsIn(`${folder}/data`);
  const config = `${folder}/data/config`;
  const plan = imageOf(recipe);
  const secrets = recipe.secrets.flatMap((name) => ['--env', name]);
  const open = {
    ...recipe,
    secrets: [],
    image: { ...recipe.image, tag: image ?? recipe.image.tag },
  };
  const layout = {
    ...{ docker, checkout, repository: checkout.repository, inputs: here.inputs, deployment: null },
    rootless: here.rootless,
  };
  const at = { run: `again-${id}`, folder };
  return {
    prepare: [
      command(
        'mkdir',
        '-p',
        ...[data.output, data.measures, data.state, config, `${folder}/data/logs`, `${folder}/home`],
      ),
      ...(here.state === null ? [] : [command('cp', '-a', `${here.state}/.`, `${data.state}/`)]),
      write(`${config}/configuration.json`, `${configuration(recipe, id)}\n`),
      ...checkOut(checkout, `${folder}/source`),
    ],
    build: buildImage(docker, checkout.repository, plan),
    run: containerCommand(open, layout, at, here.user, [
      '--rm',
      ...(here.gpus === null ? [] : ['--gpus', here.gpus]),
      ...secrets,
    ]),
    container: containerName(at.run, folder),
  };
}
