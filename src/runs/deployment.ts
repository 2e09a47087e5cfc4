/** One condition of a deployment, and where its job folder is. */
export interface DeployedJob {
  readonly run: string;
  readonly condition: string;
  /** Name of its place. */
  readonly place: string;
  /** Absolute path of its job folder there: the runner's own, which no container sees. */
  readonly folder: string;
  /** Folders at places that did not answer when the job was given to another one. */
  readonly moved_from?: readonly Pick<DeployedJob, 'place' | 'folder'>[];
}

/** Where jobs of a deployment run: a machine, or what a scheduler gives. */
export interface Place {
  readonly name: string;
  /** It is this computer: what a job leaves is in runs/ at once. */
  readonly here: boolean;
  /** The `--gpus` value of each slot, `-` for none; null: a scheduler shares it out. */
  readonly slots: readonly string[] | null;
  /** Rented for the deployment, to be given back at its end; null: it is not ours to give. */
  readonly rented: { readonly exists: boolean } | null;
  /** The target's own affair: nothing above targets/ reads it. */
  readonly own: unknown;
  /** Nothing of the deployment is left there: since when, ISO 8601. */
  readonly released: string | null;
}

/** A sweep placed on a target and pinned to a commit, as deployment.json holds it. Everything that later verbs need is
 *  in it or in the receipts: they read no parameters.json. */
export interface Deployment {
  readonly schema: 2;
  readonly id: string;
  /** experiment_name: part of names and paths on machines. */
  readonly experiment: string;
  /** The experiment's folder in its project. */
  readonly experiment_path: string;
  readonly target: string;
  readonly commit: string;
  /** One hash for the commit's source, parameters.json left out. */
  readonly source_id: string;
  readonly created: string;
  /** null while it is live or ended but not released. */
  readonly released: string | null;
  readonly places: readonly Place[];
  /** The docker command there; '': none is used. */
  readonly docker: string;
  /** parameters.json as it was. */
  readonly parameters_file: string;
  readonly jobs: readonly DeployedJob[];
}
