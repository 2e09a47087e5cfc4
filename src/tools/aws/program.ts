import { UserError } from '../../errors.js';
import { isProgram } from '../../shell/programs.js';

/** @param path the folders that are searched for programs. @throws UserError if there is no `aws` */
export function verifyAws(path: string | undefined): void {
  if (!isProgram('aws', path))
    throw new UserError(
      "The AWS CLI (`aws`) is not installed. It is needed to terminate instances that are missing from Terraform's state.",
      ['https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html'],
    );
}
