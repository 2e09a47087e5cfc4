import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pasteable } from '../../shell/word.js';

/** The lines that show who asks, and what a user needs to be allowed.
 * @param name of the policy in this package's stacks/ */
export const policyLines = (name: 'policy.json' | 'policy-s3-state.json'): readonly string[] => [
  'aws sts get-caller-identity    # shows who you are',
  `${pasteable`cat ${fileURLToPath(new URL(`stacks/${name}`, packageRoot()))}`}    # what your AWS user must be allowed`,
];

/** The folder of this package: this file may be in a bundle. */
function packageRoot(): URL {
  let at = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', at)) && at.pathname !== '/') at = new URL('..', at);
  return at;
}
