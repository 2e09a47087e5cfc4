import type { Hook } from '@oclif/core/hooks';
import { failureJson, failureText } from '../cli/failure.js';
import { Screen } from '../cli/screen.js';
import { jsonText } from '../cli/text.js';
import { UserError } from '../errors.js';
import { nearest } from '../phrases.js';

/** A mistyped verb gets the nearest one. */
const hook: Hook.CommandNotFound = async ({ id, argv, config }) => {
  const [verb = ''] = id.split(':');
  const meant = nearest(verb, config.commandIDs);
  const asked = meant ? ` Did you mean ${meant}?` : '';
  const problem = new UserError(
    `There is no command "${verb}".${asked}`,
    [...(meant ? [`logistician ${meant} --help`] : []), 'logistician --help'],
    { exit: 2 },
  );
  const screen = new Screen(process.stderr, process.env);
  if (argv?.includes('--json')) process.stdout.write(`${jsonText(failureJson(problem), 2)}\n`);
  else screen.write(failureText(problem, null, screen.width));
  process.exit(problem.exit);
};

export default hook;
