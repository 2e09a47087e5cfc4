import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder with the AWS provider in the layout of a mirror, which begins with the name of the host that it is a mirror
 *  of; null if there is none. bin/prepare.sh fills the first. */
export function providerMirror(): string | null {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const mirrors = [
    join(cache, 'logistician-test', 'providers'),
    '/opt/tf-plugins',
    join(homedir(), '.terraform.d', 'plugins'),
    '/usr/local/share/terraform/plugins',
    '/usr/share/terraform/plugins',
  ];
  const has = (mirror: string) =>
    existsSync(mirror) &&
    readdirSync(mirror).some((host) => existsSync(join(mirror, host, 'hashicorp', 'aws')));
  return mirrors.find(has) ?? null;
}

export function hasTerraform(): boolean {
  try {
    // The configuration that the environment names may be missing, and is not the one that tests use.
    execFileSync('terraform', ['version'], { stdio: 'ignore', env: { PATH: process.env.PATH } });
    return providerMirror() !== null;
  } catch {
    return false;
  }
}

/** Has Terraform take its provider from this computer. @returns the configuration file's path */
export function terraformConfig(folder: string): string {
  const path = join(folder, 'terraform.tfrc');
  const mirror = providerMirror();
  const installation = mirror
    ? `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`
    : '';
  writeFileSync(path, `disable_checkpoint = true\n${installation}`);
  return path;
}
