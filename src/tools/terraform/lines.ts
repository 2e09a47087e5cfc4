import { type Command, command } from '../../shell/command.js';

/** The folders of Terraform; all paths absolute. */
export interface Workplace {
  /** The folder with the stack, its state and Terraform's own files. */
  readonly folder: string;
  /** The folder for plugins that all experiments share, which must exist: a provider has hundreds of megabytes. */
  readonly pluginCache: string;
  /** Variables of the environment to hide from Terraform, see `unheard`. */
  readonly unheard: readonly string[];
}

/** Names of variables in the environment that are meant for the user's own stacks, and would make Terraform use another
 * state, another folder or other options for ours. */
export const unheard = (env: NodeJS.ProcessEnv): string[] =>
  Object.keys(env).filter(
    (name) => /^TF_(WORKSPACE|DATA_DIR|CLI_ARGS(_\w+)?)$/.test(name) && env[name] !== '',
  );

/** Terraform treats an empty variable as unset. */
const silenced = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, '']));

/** The stack's file in its folder; Terraform reads every `.tf.json`. */
export const stackFile = 'cdk.tf.json';

/** The state file, if the state is kept on this computer. */
export const stateFile = 'terraform.tfstate';

/** Initialises the folder: finds the provider, downloads it once, checks the state. Each deployment has a state of its
 * own, so nothing is migrated from an earlier backend. Not for two folders at once: the plugin cache supports only one
 * writer. */
export const init = (at: Workplace): Command =>
  terraform(at, 'init', '-input=false', '-no-color', '-reconfigure');

/** Prints what `apply` would do, if these addresses were replaced. */
export const plan = (at: Workplace, replaced: readonly string[]): Command =>
  terraform(
    at,
    'plan',
    '-input=false',
    '-no-color',
    wait,
    ...replaced.map((address) => `-replace=${address}`),
  );

/** Creates, changes and destroys resources as the stack says. Prints a line of JSON for each event: see messages.ts. */
export const apply = (at: Workplace): Command =>
  terraform(at, 'apply', '-input=false', '-auto-approve', '-json', wait, ...manyAtOnce);

/** Destroys everything of the stack. Prints as `apply`. */
export const destroy = (at: Workplace): Command =>
  terraform(at, 'destroy', '-input=false', '-auto-approve', '-json', wait, ...manyAtOnce);

/** Prints the outputs of the last apply, as JSON. */
export const output = (at: Workplace): Command => terraform(at, 'output', '-json', '-no-color');

/** Prints the state, including user data; prints nothing if there is none. */
export const pull = (at: Workplace): Command => terraform(at, 'state', 'pull');

/** Writes an empty state to the backend. @param lineage distinguishes it from other states there */
export const pushEmpty = (at: Workplace, lineage: string): Command => ({
  ...terraform(at, 'state', 'push', '-'),
  input: { text: JSON.stringify({ version: 4, serial: 1, lineage, outputs: {}, resources: [] }) },
});

/** Prints the version as JSON: `terraform_version`. */
export const version = (): Command => ({
  ...command('terraform', 'version', '-json'),
  env: { ...quiet, ...silenced(['TF_CLI_ARGS', 'TF_CLI_ARGS_version']) },
});

/** Waits for another Terraform that has locked the same state. */
const wait = '-lock-timeout=5m';

/** Creating an instance is mostly waiting for AWS to report it as running. */
const manyAtOnce = ['-parallelism=30'];

/** Disables the check for newer versions. */
const quiet = { CHECKPOINT_DISABLE: '1' };

const terraform = ({ folder, pluginCache, unheard }: Workplace, ...words: string[]): Command => ({
  ...command('terraform', `-chdir=${folder}`, ...words),
  env: {
    ...quiet,
    ...silenced(unheard),
    TF_IN_AUTOMATION: '1',
    TF_PLUGIN_CACHE_DIR: pluginCache,
    // A new folder has no lock file, and without this Terraform (since 1.4) downloads again what the cache has.
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: '1',
  },
});
