/** Everything that goes into one run, nothing that comes of it. Stored in run.json as it is. */
export interface Recipe {
  readonly experiment: { readonly name: string; readonly path: string };
  readonly condition: { readonly id: string; readonly argv: readonly string[]; readonly parameters: string };
  readonly source: {
    readonly root: string;
    readonly commit: string;
    readonly tree: string;
    readonly id: string | null;
    readonly branch: string | null;
    readonly remote: string | null;
    readonly pushed: boolean;
    readonly snapshot: boolean;
    readonly live: boolean;
    readonly left_out: readonly string[];
  };
  readonly image: {
    readonly tag: string;
    readonly context: 'experiment' | 'project';
    readonly context_tree: string;
    readonly dockerfile: string;
    readonly left_out: string | null;
    readonly labels: Readonly<Record<string, string>>;
    readonly bases: readonly string[];
  };
  readonly command: string | null;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly inputs: Readonly<Record<string, { readonly path: string; readonly id: string | null }>>;
  readonly docker_run_args: readonly string[];
  readonly max_hours: number;
  readonly gpus: 'auto' | 'all' | 'none' | number;
}
