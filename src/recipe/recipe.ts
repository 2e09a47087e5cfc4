import { createHash } from 'node:crypto';

/** Everything that goes into one run, and nothing that results from it. Stored in run.json as it is. It is enough to
 * run the condition again, without today's parameters.json. Keys are those of the JSON. */
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
    /** JSON text of an object: the keys and values that the arguments were made from, each number with its digits as
     * written (`1.0`). `{}` if there are none. */
    readonly parameters: string;
  };
  readonly source: {
    /** Absolute path of the project where the run was started. */
    readonly root: string;
    readonly commit: string;
    /** Id of the commit's tree. */
    readonly tree: string;
    /** A hash of the commit's source without parameters.json; null: written by 0.1, which did not record it. */
    readonly id: string | null;
    /** The paths that count by `code` of parameters.json, and a hash of their files and the Dockerfile; null: all files
     * count. Missing in receipts from before this setting. */
    readonly code?: { readonly paths: readonly string[]; readonly id: string } | null;
    /** null: a detached HEAD. */
    readonly branch: string | null;
    /** URL of the remote `origin`; null: there is none. */
    readonly remote: string | null;
    /** Whether a branch of the remote, as last seen, contained the commit. */
    readonly pushed: boolean;
    /** The commit is one of ours, made from the working tree. */
    readonly snapshot: boolean;
    /** Whether the run saw the working tree rather than a checkout. */
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
    /** Path of a file in that tree that is configuration and not part of the context; null: none. */
    readonly left_out: string | null;
    /** Labels of the image, by name. */
    readonly labels: Readonly<Record<string, string>>;
    /** Names of the images in the FROM lines of the Dockerfile. */
    readonly bases: readonly string[];
  };
  /** `experiment_command`, shell text; null: the image's own ENTRYPOINT and CMD. */
  readonly command: string | null;
  /** `environment`, numbers as written. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names of variables; never their values. */
  readonly secrets: readonly string[];
  /** Input folders by their name under /data/input. */
  readonly inputs: Readonly<
    Record<
      string,
      {
        /** Absolute path where the run was started. */
        readonly path: string;
        /** A hash of names, sizes and times of change; null: written by 0.1, which did not record it. */
        readonly id: string | null;
        /** A hash of names and contents; null: the input was too large, or not completely readable. Missing in receipts
         * from before this field. */
        readonly hash?: string | null;
        /** Id of the run in whose folder it lay. Missing: in none. */
        readonly run?: string;
      }
    >
  >;
  readonly docker_run_args: readonly string[];
  /** Hours from the container's start to its deadline. */
  readonly max_hours: number;
  /** `gpus`: the GPUs of each job. */
  readonly gpus: 'auto' | 'all' | 'none' | number;
  /** The attempt from whose state it continues. Default: none. */
  readonly continues?: Continued;
}

export interface Continued {
  /** The run whose /data/state it gets. */
  readonly run: string;
  /** The number of this attempt: 2, 3, … */
  readonly attempt: number;
}

/** Equal for runs with the same ingredients: a later deployment skips conditions that have succeeded with an equal one.
 * SHA-256 in hex. The image is not part of it: two builds of one Dockerfile differ. */
export const fingerprint = (recipe: Recipe): string =>
  hashOfParts(recipe, recipe.source.code?.id ?? recipe.source.id, ({ id, hash }) => hash ?? id);

/** The fingerprint that version 0.1, and builds without `code` and hashes of inputs, gave to the same run. */
export const earlierFingerprint = (recipe: Recipe): string =>
  hashOfParts(recipe, recipe.source.id, ({ id }) => id);

type Input = Recipe['inputs'][string];

/** Parts and order are those of version 0.1, so that its receipts stay valid. */
function hashOfParts(
  { experiment, image, condition, ...recipe }: Recipe,
  code: string | null,
  idOf: (input: Input) => string | null,
): string {
  const inputs = Object.fromEntries(
    Object.entries(recipe.inputs).map(([name, input]) => [name, idOf(input)]),
  );
  const parts = [
    code,
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
