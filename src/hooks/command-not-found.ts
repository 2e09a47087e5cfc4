import type { Hook } from '@oclif/core/hooks';
import { failureText } from '../cli/failure.js';
import { Screen } from '../cli/screen.js';
import { UserError } from '../errors.js';
import { nearest } from '../phrases.js';

/** A mistyped verb gets the nearest one. */
const hook: Hook.CommandNotFound = async ({ id, config }) => {
  const [verb = '', word = ''] = id.split(':');
  const meant = verb === 'help' ? nearest(word, config.commandIDs) : nearest(verb, config.commandIDs);
  const asked = verb !== 'help' && meant ? ` Did you mean ${meant}?` : '';
  const problem = new UserError(
    `There is no command "${verb}".${asked}`,
    [...(meant ? [`logistician ${meant} --help`] : []), 'logistician --help'],
    { exit: 2 },
  );
  new Screen(process.stderr, process.env).write(failureText(problem));
  process.exit(problem.exit);
};

export default hook;
