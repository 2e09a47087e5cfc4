import { describeView } from '../cli/describe-view.js';
import { fromHere } from '../cli/from-here.js';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { receiptOf, runsNamed } from '../operations/history/one-run.js';

export default class Describe extends RunCommand {
  static override summary = 'Show what exactly ran: the receipt of a run.';
  static override description =
    'Arguments, commit, image, inputs, machine, times, measures and notes of one run, the last one if none is named. --json is the receipt, run.json, itself.';
  static override usage = 'describe [EXPERIMENT] [RUN]';
  static override examples = [
    '<%= config.bin %> describe',
    '<%= config.bin %> describe hidden-8-lr-0-1',
    '<%= config.bin %> describe last~1 --json | jq -r .recipe.source.commit',
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;

  async run() {
    const { argv, flags } = await this.parse(Describe);
    const { experiment, words } = this.runsTyped(argv as string[]);
    const { home, now } = this.session(flags);
    const run = this.only(runsNamed(home, experiment, words).runs);
    const record = receiptOf(run);
    this.log(describeView(record, run.row, { width: this.width, now: now(), folder: fromHere(run.folder) }));
    return record;
  }
}
