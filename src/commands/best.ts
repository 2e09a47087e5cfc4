import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { bestView, remarks } from '../cli/best-view.js';
import { inTime, runFilterFlags, scopeFlags } from '../cli/history-flags.js';
import { runJson } from '../cli/history-json.js';
import { remark } from '../cli/notify.js';
import { scopedHistory } from '../cli/scoped-history.js';
import { ranking } from '../history/best.js';
import { readQuery, rowsFor } from '../history/query.js';
import { fieldsOf } from '../operations/history/open-history.js';

export default class Best extends BaseCommand {
  static override summary = 'Show the best runs.';
  static override description =
    'By "objective" and "goal" of parameters.json; without them by the first number of the summaries, of which the highest is the best, or for a loss, an error or a time the lowest. Only runs that have succeeded count; how many do not is said.';
  static override examples = [
    '<%= config.bin %> best',
    "<%= config.bin %> best --by 'min loss' --where 'lr<0.1' -k 3",
    '<%= config.bin %> best --over seed    # means over seeds',
    '<%= config.bin %> best --json | jq -r ".best[0].run"',
  ];
  static override args = experimentArg;
  static override flags = {
    by: Flags.string({
      helpValue: 'NAME',
      description: 'by this measure: NAME, min NAME, max NAME, NAME@STEP …',
    }),
    min: Flags.boolean({ description: 'the lowest is the best', exclusive: ['max'] }),
    max: Flags.boolean({ description: 'the highest is the best' }),
    count: Flags.integer({ char: 'k', helpValue: 'N', min: 1, default: 5, description: 'how many to show' }),
    over: Flags.string({
      helpValue: 'ARGUMENTS',
      description: 'rank means over all runs that differ in these arguments only, such as seed',
    }),
    ...runFilterFlags,
    ...scopeFlags,
  };

  async run() {
    const { args, flags } = await this.parse(Best);
    const query = readQuery({ where: flags.where });
    const session = this.session(flags);
    const now = session.now();
    const history = scopedHistory(session.home, args.experiment, flags, this.find);
    const fields = fieldsOf(history.rows, session.home);
    const isInTime = inTime(flags.since, flags.until, now);
    const found = rowsFor(query, fields, { now, isInTime, limit: 0 });
    for (const text of [...history.remarks, ...found.remarks]) remark(this.screen, text);
    const goal = flags.min ? 'minimize' : flags.max ? 'maximize' : null;
    const over = flags.over ?? null;
    const all = ranking(found.rows, fields, {
      by: flags.by ?? null,
      goal,
      over,
      objective: history.objective,
    });
    const view = {
      ids: history.rows.map(({ run }) => run),
      now,
      all: false,
      first: null,
      precision: null,
      width: this.width,
      most: flags.count,
      over,
    };
    this.log(all.ranked.length > 0 ? bestView(all, fields, view) : remarks(all, flags.count).join('\n'));
    return {
      by: all.field.head,
      goal: all.goal,
      best: all.ranked.slice(0, flags.count).map(({ rank, value, summed, rows }) => ({
        rank,
        value,
        ...(over === null ? {} : { n: summed.n, deviation: summed.deviation }),
        run: rows[0]?.run ?? null,
        runs: rows.map(runJson),
      })),
      left_out: all.leftOut,
    };
  }
}
