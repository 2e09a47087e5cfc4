import * as Args from '@oclif/core/args';
import { UserError } from '../errors.js';
import type { NamedRun } from '../operations/history/one-run.js';
import { BaseCommand } from './base-command.js';
import { experimentAndRuns } from './run-words.js';

/** Parsed by `experimentAndRuns`. */
export const experimentAndRunsArg = {
  words: Args.string({
    name: 'EXPERIMENT or RUN',
    required: false,
    ignoreStdin: true,
    description:
      'folder or name of the experiment, and runs of it: an id or its beginning, a condition for its newest run, last, last~1',
  }),
};

class SeveralRuns extends UserError {
  constructor(verb: string) {
    super(`${verb} is about one run: name one.`, [], { exit: 2 });
  }
}

/** What the verbs about runs that were named share. */
export abstract class RunCommand extends BaseCommand {
  /** The experiment's folder, and the words behind it; without any, the last run. */
  protected runsTyped(argv: readonly string[]): {
    readonly experiment: string;
    readonly words: readonly string[];
  } {
    const { folder, runs } = experimentAndRuns(argv);
    return { experiment: this.experimentFolder(folder), words: runs.length > 0 ? runs : ['last'] };
  }

  /** The one run that was named. @throws SeveralRuns */
  protected only(runs: readonly NamedRun[]): NamedRun {
    const [run] = runs;
    if (!run || runs.length > 1) throw new SeveralRuns(this.id ?? '');
    return run;
  }
}
