import { UserError } from '../../errors.js';
import { Secret } from '../../shell/word.js';

/** The values of the variables that `secrets` names, from the caller's environment. @throws UserError that names all
 * that are not set */
export function readSecrets(names: readonly string[], env: NodeJS.ProcessEnv): Secret[] {
  const missing = names.filter((name) => env[name] === undefined);
  if (missing.length > 0) {
    throw new UserError(
      `parameters.json names secrets that are not in your environment: ${missing.join(', ')}.`,
      missing.map((name) => `read -rs ${name} && export ${name}`),
    );
  }
  return names.map((name) => new Secret(name, env[name] ?? ''));
}
