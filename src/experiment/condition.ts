import { UserError } from '../errors.js';
import { argvProblem } from './argv.js';
import { conditionId } from './condition-id.js';
import { joinWords, splitWords } from './words.js';

/** One set of arguments. */
export interface Condition {
  /** `[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}`: the same arguments always have the same id. */
  readonly id: string;
  /** The job's arguments, byte for byte. */
  readonly argv: readonly string[];
  /** The same as shell words: what `OPTIONS` holds. */
  readonly options: string;
  /** JSON text of an object: the keys and values that the arguments were made from, `{}` if there are none. */
  readonly parameters: string;
}

/** The condition of these arguments. Does not check them: see `argvProblem`. */
export const conditionOf = (argv: readonly string[], parameters = '{}'): Condition => ({
  id: conditionId(argv),
  argv,
  options: joinWords(argv),
  parameters,
});

/** The condition of `run -- ARGS`.
 *
 * @throws UserError where Linux takes no such arguments
 */
export function conditionFromArgv(argv: readonly string[]): Condition {
  const problem = argvProblem(argv);
  if (problem) throw new UserError(`The list of arguments ${problem}`);
  return conditionOf([...argv]);
}

/** The condition of `run -o "--lr 0.01"`.
 *
 * @throws UnbalancedQuote, and UserError where Linux takes no such arguments
 */
export const conditionFromText = (text: string): Condition => conditionFromArgv(splitWords(text));
