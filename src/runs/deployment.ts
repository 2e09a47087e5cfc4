/** A job of a deployment, and its folder. */
export interface DeployedJob {
  readonly run: string;
  readonly condition: string;
  /** Name of its place. */
  readonly place: string;
  /** Absolute path of its job folder there: for the runner only, not mounted into containers. */
  readonly folder: string;
  /** Folders at places that were unreachable when the job was moved. */
  readonly moved_from?: readonly Pick<DeployedJob, 'place' | 'folder'>[];
}

/** Where jobs of a deployment run: a machine, or a scheduler. */
export interface Place {
  readonly name: string;
  /** It is this computer: results are in runs/ at once. */
  readonly here: boolean;
  /** The `--gpus` value of each slot, `-` for none; null: a scheduler assigns resources. */
  readonly slots: readonly string[] | null;
  /** Set if it is rented for the deployment, and terminated at its end; null: not rented. */
  readonly rented: { readonly exists: boolean } | null;
  /** For the target only: nothing above targets/ reads it. */
  readonly own: unknown;
  /** When it was released, ISO 8601; null: not yet. */
  readonly released: string | null;
}

/** A sweep placed on a target and pinned to a commit: the contents of deployment.json. Everything that later verbs need
 * is in it or in the receipts, so they need no parameters.json. */
export interface Deployment {
  readonly schema: 2;
  readonly id: string;
  /** `experiment_name`, part of names and paths on machines. */
  readonly experiment: string;
  /** The experiment's folder in its project. */
  readonly experiment_path: string;
  readonly target: string;
  readonly commit: string;
  /** A hash of the commit's source without parameters.json. */
  readonly source_id: string;
  readonly created: string;
  /** Why it was made, in the user's words; null, or missing in records of older builds: no message. */
  readonly message?: string | null;
  /** null while it is live or ended but not released. */
  readonly released: string | null;
  readonly places: readonly Place[];
  /** The docker command there; '': none is used. */
  readonly docker: string;
  /** The parameters.json of that time. */
  readonly parameters_file: string;
  readonly jobs: readonly DeployedJob[];
  /** After so many failed or lost jobs, waiting jobs are held; default: no limit. */
  readonly max_failures?: number;
  /** Runs that had failed before the last `deploy`: they do not count. Default: none. */
  readonly forgiven?: readonly string[];
  /** So many rented places could exist at a time when the provider refused one more for want of quota; missing: it has
   * not, since the last `deploy`. */
  readonly max_places?: number;
  /** Runs that `stop` ended: with the same code, their conditions run again only on request. Default: none. */
  readonly stopped?: readonly string[];
}

/** The number of failures at which waiting jobs are held; null: no limit. */
export const limitOf = ({ max_failures }: Pick<Deployment, 'max_failures'>): number | null =>
  max_failures ?? null;
