import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { inTime, runFilterFlags, scopeFlags } from '../cli/history-flags.js';
import { type Form, forms, groupsOut, runsOut, runsTable } from '../cli/history-output.js';
import { remark } from '../cli/notify.js';
import { writeAll } from '../cli/rows-out.js';
import { scopedHistory } from '../cli/scoped-history.js';
import { readQuery, rowsFor } from '../history/query.js';
import { fieldsOf } from '../operations/history/open-history.js';

/** How many runs a table has, unless another number is asked for. */
const usual = 100;

export default class RunHistory extends BaseCommand {
  static override summary = 'Show all runs: arguments, states and measures.';
  static override description =
    'Every attempt at every condition, of every state, oldest first, from the files in runs/ alone. At a terminal a table of what differs; in a pipe JSON: an object by run id. Names in --where, --sort, --columns and --group-by are those of arguments, of measures, and of what each run has (state, commit, machine, created …); argument.NAME, measure.NAME or run.NAME says which, where several have a name.';
  static override examples = [
    '<%= config.bin %> history',
    "<%= config.bin %> history --where 'lr<=0.1 and state=succeeded' --sort -accuracy",
    '<%= config.bin %> history --columns \'lr, min loss, loss@100 as "at 100"\'',
    "<%= config.bin %> history --group-by 'all but seed'",
    '<%= config.bin %> history | jq -r ".[] | [.arguments.lr, .measures.accuracy] | @tsv"',
    '<%= config.bin %> history --project --csv >runs.csv',
  ];
  static override args = experimentArg;
  static override flags = {
    ...runFilterFlags,
    ...scopeFlags,
    sort: Flags.string({
      helpValue: 'NAMES',
      description: 'by these, each with - in front for the highest first; runs without a value come last',
    }),
    limit: Flags.integer({
      helpValue: 'N',
      min: 0,
      description: `only the newest N, or the first N with --sort; 0: all. Default: ${usual} in a table, else all`,
    }),
    columns: Flags.string({
      helpValue: 'NAMES',
      description:
        'these columns: NAME, min, max, first, last, mean or count NAME, NAME@STEP, each with "as HEAD"',
    }),
    'all-columns': Flags.boolean({ description: 'also what is the same in every run' }),
    precision: Flags.integer({
      helpValue: 'N',
      min: 1,
      max: 17,
      description: 'significant digits of measures in a table',
    }),
    'group-by': Flags.string({
      helpValue: 'NAMES',
      description:
        'n, mean, standard deviation, min and max of measures, over all runs that have the same values of NAMES, or of "all but NAMES"',
    }),
    jsonl: Flags.boolean({ description: 'JSON, a run a line', exclusive: ['csv', 'md', 'table', 'json'] }),
    csv: Flags.boolean({ description: 'CSV', exclusive: ['md', 'table', 'json'] }),
    md: Flags.boolean({ description: 'a table of Markdown', exclusive: ['table', 'json'] }),
    table: Flags.boolean({ description: 'a table, also in a pipe', exclusive: ['json'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RunHistory);
    const query = readQuery(flags);
    const form = this.#form(flags);
    const { home, now } = this.session(flags);
    const time = { now: now(), isInTime: inTime(flags.since, flags.until, now()) };
    const history = scopedHistory(home, args.experiment, flags, this.find);
    const fields = fieldsOf(history.rows, home);
    const limit = flags.limit ?? (form === 'table' && !query.groupBy ? usual : 0);
    const found = rowsFor(query, fields, { ...time, limit });
    for (const text of [...history.remarks, ...found.remarks]) remark(this.screen, text);
    const view = {
      ids: history.rows.map(({ run }) => run),
      now: time.now,
      all: flags['all-columns'],
      first: history.objective?.name ?? null,
      precision: flags.precision ?? null,
      width: this.width,
    };
    if (query.groupBy) {
      const out = groupsOut(form, found, query.groupBy, fields, view);
      if ('table' in out) this.log(out.table);
      else await writeAll(out.pieces);
    } else if (form === 'table') this.log(runsTable(found, fields, view));
    else await writeAll(runsOut(form, found, fields));
  }

  #form(flags: Readonly<Partial<Record<string, unknown>>>): Form {
    if (this.jsonEnabled()) return 'json';
    const asked = forms.find((form) => flags[form] === true);
    return asked ?? (process.stdout.isTTY === true ? 'table' : 'json');
  }
}
