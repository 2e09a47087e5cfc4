import { createHash } from 'node:crypto';

/** Everything that goes into one run, and nothing that comes of it. Stored in run.json as it is, and enough to run the
 *  condition again: nothing about a run is taken from today's parameters.json. Keys are as they are in JSON. */
export interface Recipe {
  readonly experiment: {
    /** `experiment_name`. */
    readonly name: string;
    /** The experiment's folder in its project, with `/`; '' for the root. */
    readonly path: string;
  };
  readonly condition: {
    /** `[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}`, made from the arguments. */
    readonly id: string;
    /** The arguments, byte for byte. */
    readonly argv: readonly string[];
    /** JSON text of an object: the keys and values that the arguments were made from, each number with the digits that it
     *  was written with (`1.0`). `{}` where there are none. */
    readonly parameters: string;
  };
  readonly source: {
    /** Absolute path of the project where the run was asked for. */
    readonly root: string;
    readonly commit: string;
    /** Id of the commit's tree. */
    readonly tree: string;
    /** One hash for the commit's source, parameters.json left out; null: written by 0.1, which did not record it. */
    readonly id: string | null;
    /** null: a detached HEAD. */
    readonly branch: string | null;
    /** URL of the remote `origin`; null: there is none. */
    readonly remote: string | null;
    /** A branch of the remote, as last seen, held the commit. */
    readonly pushed: boolean;
    /** The commit is one of ours under refs/logistician/. */
    readonly snapshot: boolean;
    /** The run saw the live working tree rather than a checkout. */
    readonly live: boolean;
    /** Untracked files too large for the snapshot: paths in the project. */
    readonly left_out: readonly string[];
  };
  readonly image: {
    /** `logistician/NAME:HASH`; the hash is made from the build context. */
    readonly tag: string;
    /** `docker_build_context`: which folder is the build context. */
    readonly context: 'experiment' | 'project';
    /** Id of the git tree that is the build context. */
    readonly context_tree: string;
    /** Path of the Dockerfile in that tree. */
    readonly dockerfile: string;
    /** Path of a file in that tree that is configuration, and no part of the context; null: none. */
    readonly left_out: string | null;
    /** Labels of the image, by name. */
    readonly labels: Readonly<Record<string, string>>;
    /** Names of the images in the FROM lines of the Dockerfile. */
    readonly bases: readonly string[];
  };
  /** `experiment_command`, shell text; null: the image's own ENTRYPOINT and CMD. */
  readonly command: string | null;
  /** `environment`, numbers as they were written. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of variables; never their values. */
  readonly secrets: readonly string[];
  /** Input folders by their name under /data/input. */
  readonly inputs: Readonly<
    Record<
      string,
      {
        /** Absolute path where the run was asked for. */
        readonly path: string;
        /** Changes when a file below it does; null: written by 0.1, which did not record it. */
        readonly id: string | null;
      }
    >
  >;
  readonly docker_run_args: readonly string[];
  /** Hours from the container's start to its deadline. */
  readonly max_hours: number;
  /** `gpus`: how many a job is given. */
  readonly gpus: 'auto' | 'all' | 'none' | number;
}

/** Equal for runs that the same went into: a later deployment skips what has succeeded with an equal one. SHA-256 in hex.
 *  The image is not part of it: two builds of one Dockerfile differ. Parts and order are those of version 0.1, so that its
 *  receipts still count. */
export function fingerprint({ source, experiment, image, condition, ...recipe }: Recipe): string {
  const inputs = Object.fromEntries(Object.entries(recipe.inputs).map(([name, { id }]) => [name, id]));
  const parts = [
    source.id,
    experiment.path,
    image.context,
    recipe.command,
    condition.argv,
    recipe.environment,
    recipe.docker_run_args,
    inputs,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
