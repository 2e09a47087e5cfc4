import { UserError } from '../../errors.js';
import { isProgram } from '../../shell/programs.js';

/** @param path the folders that programs are looked for in. @throws UserError where there is no `aws` */
export function verifyAws(path: string | undefined): void {
  if (!isProgram('aws', path))
    throw new UserError('The aws command is not installed here. It ends what Terraform never learned of.', [
      'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
    ]);
}
