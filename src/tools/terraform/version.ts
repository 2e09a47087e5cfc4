import { UserError } from '../../errors.js';
import type { Executor } from '../../shell/executor.js';
import * as line from './lines.js';

/** The oldest version that the stack works with. */
const oldest = [1, 5] as const;

const howToInstall = [
  'https://developer.hashicorp.com/terraform/install    # 1.5 or newer; then: terraform version',
];

/** Terraform failed. */
export class TerraformFailed extends UserError {}

/** @returns its version. @throws TerraformFailed if there is none, or one that is too old */
export async function verifyTerraform(executor: Executor): Promise<string> {
  const { kind, stdout, stderr } = await executor.query(line.version());
  if (kind === 'spawn-failed') throw new TerraformFailed('Terraform is not installed here.', howToInstall);
  const [, version = '', major = '', minor = ''] =
    /"terraform_version":\s*"((\d+)\.(\d+)[^"]*)"/.exec(stdout) ?? [];
  if (version === '')
    throw new TerraformFailed(`Terraform does not report its version: ${stderr.trim()}`, [
      'terraform version',
    ]);
  const isOld = Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
  if (isOld) throw new TerraformFailed(`Terraform ${version} is too old: 1.5 is the oldest.`, howToInstall);
  return version;
}
