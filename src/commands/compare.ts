import * as Flags from '@oclif/core/flags';
import { compareView } from '../cli/compare-view.js';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { ownLine, UserError } from '../errors.js';
import { compared } from '../history/compare.js';
import { between } from '../operations/history/commits.js';
import { receiptOf, runsNamed } from '../operations/history/one-run.js';
import { shortIds } from '../runs/run-name.js';

class OneRun extends UserError {
  constructor() {
    super('compare takes two runs or more.', [ownLine('compare', ['last~1', 'last'])], { exit: 2 });
  }
}

export default class Compare extends RunCommand {
  static override summary = 'Show in what runs differ: what went in, and what was measured.';
  static override description =
    'Only what differs: arguments, commits (with the log and the changes between them), images and their bases, inputs, machines; then the measures, with their differences to the first run.';
  static override usage = 'compare [EXPERIMENT] RUN RUN… [--all]';
  static override examples = [
    '<%= config.bin %> compare last~1 last',
    '<%= config.bin %> compare hidden-8-lr-0-1 hidden-32-lr-0-1',
    '<%= config.bin %> compare last~1 last --json | jq ".measures"',
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = { all: Flags.boolean({ char: 'a', description: 'also what is the same' }) };

  async run() {
    const { argv, flags } = await this.parse(Compare);
    const { experiment, words } = this.runsTyped(argv as string[]);
    const { home } = this.session(flags);
    const { runs, history } = runsNamed(home, experiment, words);
    const [first, second] = runs;
    if (!first || !second) throw new OneRun();
    const records = runs.map(receiptOf);
    const comparison = compared(
      records,
      runs.map(({ row }) => row),
    );
    const [from, to] = records.map(({ recipe }) => recipe.source);
    const isOther = from && to && runs.length === 2 && from.commit !== to.commit;
    const changes = isOther ? await between(to.root, from.commit, to.commit) : null;
    const short = shortIds(history.rows.map(({ run }) => run));
    const ids = runs.map(({ id }) => short.get(id) ?? id);
    this.log(compareView(comparison, changes, { ids, width: this.width, all: flags.all }));
    return {
      runs: runs.map(({ id }) => id),
      inputs: comparison.inputs
        .filter(({ isSame }) => flags.all || !isSame)
        .map(({ isSame: same, ...one }) => ({ ...one, same })),
      commits: changes?.log ?? null,
      changes: changes?.changes ?? null,
      measures: comparison.measures.map(({ isSame: same, ...one }) => ({ ...one, same })),
    };
  }
}
