import { type Command, command } from '../../shell/command.js';

/** Where Terraform works: all paths absolute. */
export interface Workplace {
  /** The folder with the stack, its state and what Terraform keeps for itself. */
  readonly folder: string;
  /** The folder that all experiments share, which has to be there: a provider is hundreds of megabytes. */
  readonly pluginCache: string;
}

/** The stack's file in its folder; Terraform reads every `.tf.json`. */
export const stackFile = 'cdk.tf.json';

/** Where Terraform keeps what it knows, if that is here. */
export const stateFile = 'terraform.tfstate';

/** Makes the folder ready: finds the provider, downloads it once, looks at the state. Each deployment has a state of
 *  its own, so what the folder was used with before is nothing to be carried over. Not to be run for two folders at
 *  once: the plugin cache bears one writer. */
export const init = (at: Workplace): Command =>
  terraform(at, 'init', '-input=false', '-no-color', '-reconfigure');

/** Shows a person what `apply` would do, if these addresses were made anew. */
export const plan = (at: Workplace, anew: readonly string[]): Command =>
  terraform(at, 'plan', '-input=false', '-no-color', wait, ...anew.map((address) => `-replace=${address}`));

/** Brings about what the stack says. Prints a line of JSON for each thing that happens: see messages.ts. */
export const apply = (at: Workplace): Command =>
  terraform(at, 'apply', '-input=false', '-auto-approve', '-json', wait, ...manyAtOnce);

/** Ends everything of the stack. Prints as `apply`. */
export const destroy = (at: Workplace): Command =>
  terraform(at, 'destroy', '-input=false', '-auto-approve', '-json', wait, ...manyAtOnce);

/** Prints the outputs as the last apply left them, as JSON. */
export const output = (at: Workplace): Command => terraform(at, 'output', '-json', '-no-color');

/** Prints the state as it is kept, user data and all; nothing: there is none. */
export const pull = (at: Workplace): Command => terraform(at, 'state', 'pull');

/** Puts a state without anything where the state is to be kept.
 *  @param lineage tells it from others that are kept there */
export const pushEmpty = (at: Workplace, lineage: string): Command => ({
  ...terraform(at, 'state', 'push', '-'),
  input: { text: JSON.stringify({ version: 4, serial: 1, lineage, outputs: {}, resources: [] }) },
});

/** Prints the version as JSON: `terraform_version`. */
export const version = (): Command => ({ ...command('terraform', 'version', '-json'), env: quiet });

/** For one that is still at work on the same state. */
const wait = '-lock-timeout=5m';

/** Most of an instance's time is waiting for AWS to say that it runs. */
const manyAtOnce = ['-parallelism=30'];

/** No question to the makers whether there is a newer version. */
const quiet = { CHECKPOINT_DISABLE: '1' };

const terraform = ({ folder, pluginCache }: Workplace, ...words: string[]): Command => ({
  ...command('terraform', `-chdir=${folder}`, ...words),
  env: {
    ...quiet,
    TF_IN_AUTOMATION: '1',
    TF_PLUGIN_CACHE_DIR: pluginCache,
    // A fresh folder has no lock file yet, and without this Terraform then downloads what the cache has (since 1.4).
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: '1',
  },
});
