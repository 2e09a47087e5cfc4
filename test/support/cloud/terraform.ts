import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { providerMirror } from '../terraform.js';

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
