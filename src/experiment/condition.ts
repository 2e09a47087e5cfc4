import { UserError } from '../errors.js';
import { argvProblem } from './argv.js';
import { conditionId } from './condition-id.js';
import { joinWords, splitWords } from './words.js';

/** One set of arguments. */
export interface Condition {
  /** `[a-z][a-z0-9-]{0,39}-[0-9a-f]{10}`: the same arguments have the same id wherever they stand. */
  readonly id: string;
  /** What the job gets, byte for byte. */
  readonly argv: readonly string[];
  /** The same as shell words: what `OPTIONS` holds. */
  readonly options: string;
  /** JSON text of an object: the keys and values that the arguments were made from, `{}` where there are none. */
  readonly parameters: string;
}

/** The condition of these arguments. Does not check them: see `argvProblem`. */
export const conditionOf = (argv: readonly string[], parameters = '{}'): Condition => ({
  id: conditionId(argv),
  argv,
  options: joinWords(argv),
  parameters,
});

/**
 * The condition that `run -- ARGS` means.
 *
 * @throws UserError where Linux takes no such arguments
 */
export function conditionFromArgv(argv: readonly string[]): Condition {
  const problem = argvProblem(argv);
  if (problem) throw new UserError(`The list of arguments ${problem}`);
  return conditionOf([...argv]);
}

/**
 * The condition that `run -o "--lr 0.01"` means.
 *
 * @throws UnbalancedQuote, and UserError where Linux takes no such arguments
 */
export const conditionFromText = (text: string): Condition => conditionFromArgv(splitWords(text));
