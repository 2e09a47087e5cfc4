import { UserError } from '../../errors.js';
import { isProgram } from '../../shell/programs.js';
import { refuseAliases } from './user-files.js';

/** @throws UserError if there is no `aws`; BadAwsFile if it would do something else than its name says */
export function verifyAws(env: NodeJS.ProcessEnv): void {
  if (!isProgram('aws', env.PATH))
    throw new UserError(
      "The AWS CLI (`aws`) is not installed. It starts and stops machines, and terminates those that are missing from Terraform's state.",
      ['https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html'],
    );
  refuseAliases(env);
}
