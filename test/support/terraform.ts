import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/** A folder that holds the AWS provider, as a plugin cache or a filesystem mirror does; null: there is none in
 *  `LOGISTICIAN_TEST_PROVIDERS`, where bin/prepare.sh puts it, in a plugin cache, or where a computer keeps mirrors.
 *  Nothing is downloaded. */
export function providerMirror(env: NodeJS.ProcessEnv = process.env): string | null {
  const places = [
    env.LOGISTICIAN_TEST_PROVIDERS,
    join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'logistician-test', 'providers'),
    env.TF_PLUGIN_CACHE_DIR,
    join(homedir(), '.logistician', 'plugin-cache'),
    ...['plugin-cache', 'plugins'].map((name) => join(homedir(), '.terraform.d', name)),
    ...['/usr/local/share', '/usr/share'].map((share) => join(share, 'terraform', 'plugins')),
    ...foldersIn('/opt'),
  ];
  return places.find((place) => place && hasProvider(place)) ?? null;
}

/** Its folders begin with the name of the host that it is a mirror of. */
const hasProvider = (mirror: string): boolean =>
  foldersIn(mirror).some((host) =>
    foldersIn(join(host, 'hashicorp', 'aws')).some((version) => /^[56]\./.test(basename(version))),
  );

const foldersIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

/** The environment in which Terraform finds its provider in the mirror, and asks no registry.
 *  @param folder where its configuration file is to be */
export function offline(folder: string, mirror: string | null): NodeJS.ProcessEnv {
  const config = join(folder, 'terraform.rc');
  const found = mirror === null ? '' : `filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }`;
  writeFileSync(config, `provider_installation {\n  ${found}\n}\n`);
  const { TF_PLUGIN_CACHE_DIR: _, ...rest } = process.env;
  return { ...rest, TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: '1', AWS_EC2_METADATA_DISABLED: 'true' };
}

/** What Terraform prints; its exit code is not looked at. */
export function terraform(folder: string, env: NodeJS.ProcessEnv, ...words: readonly string[]): string {
  try {
    const options = { env, encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 28 } as const;
    return execFileSync('terraform', [`-chdir=${folder}`, ...words], options);
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout === undefined) throw error;
    return stdout || (stderr ?? '');
  }
}
