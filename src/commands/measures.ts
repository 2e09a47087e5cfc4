import { join } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { csv } from '../cli/delimited.js';
import { measuresTree, measuresView } from '../cli/measures-view.js';
import { remark } from '../cli/notify.js';
import { jsonLines, writeAll } from '../cli/rows-out.js';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { ownLine, UserError } from '../errors.js';
import { measureSettings } from '../operations/history/goal.js';
import { runsNamed } from '../operations/history/one-run.js';
import { logsOf } from '../operations/history/open-history.js';
import { nearest } from '../phrases.js';
import { seriesLines } from '../runs/measures/at-step.js';
import { measuredBy } from '../runs/measures/measured.js';
import { readMeasures } from '../runs/measures/read.js';
import { withLog } from '../runs/rows/read-rows.js';

class NoSeries extends UserError {
  constructor(name: string | null, known: readonly string[]) {
    const meant = name === null ? null : nearest(name, known);
    const [first = ''] = known;
    super(
      known.length === 0
        ? 'The run has no series: no *.jsonl, and no *.csv with a column step, epoch or iteration, and nothing that "metrics" finds in its log.'
        : name === null
          ? `The run has several series, of which one has to be named: ${known.join(', ')}.`
          : `The run has no series ${name}.${meant === null ? '' : ` Did you mean ${meant}?`} It has: ${known.join(', ')}.`,
      known.length === 0 ? [] : [ownLine('measures', ['--series', meant ?? first, '--csv'])],
      { exit: 2 },
    );
  }
}

export default class Measures extends RunCommand {
  static override summary = 'Show all that a run has measured.';
  static override description =
    'Each file in its measures folder is an entry, and folders nest: JSON is parsed, anything else is text. Of a series (*.jsonl, or *.csv with a column step, epoch or iteration) the last value, minimum, maximum and mean. Of a run on another machine it is what `sync` has collected.';
  static override usage = 'measures [EXPERIMENT] [RUN] [--summary] [--series NAME] [--csv | --jsonl]';
  static override examples = [
    '<%= config.bin %> measures',
    '<%= config.bin %> measures last~1 --summary --json',
    '<%= config.bin %> measures hidden-8 --series train --csv >train.csv',
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = {
    summary: Flags.boolean({
      char: 's',
      description: 'only summary.json',
      exclusive: ['series', 'csv', 'jsonl'],
    }),
    series: Flags.string({
      helpValue: 'NAME',
      description: 'all lines of this series; it may be the only one',
    }),
    csv: Flags.boolean({ description: 'a series as CSV', exclusive: ['jsonl', 'json'] }),
    jsonl: Flags.boolean({ description: 'a series as JSON, a line each', exclusive: ['json'] }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Measures);
    const { experiment, words } = this.runsTyped(argv as string[]);
    const { home } = this.session(flags);
    const run = this.only(runsNamed(home, experiment, words).runs);
    const data = join(run.folder, 'data');
    const logs = logsOf(home, run.store, measureSettings(experiment).metrics);
    const log = { scraper: logs.scraper, path: logs.pathOf(run.id) };
    const { files, problems } = withLog(readMeasures(data), log);
    for (const problem of problems) remark(this.screen, problem);
    const { summary, series } = measuredBy(files);
    if (flags.series !== undefined || flags.csv || flags.jsonl)
      return this.#showSeries((name) => seriesLines(data, name, log), Object.keys(series), flags);
    const shown = flags.summary ? files.filter(({ path }) => path.join('/') === 'summary.json') : files;
    const result = flags.summary ? (summary ?? {}) : measuresTree(files);
    if (!this.jsonEnabled() && process.stdout.isTTY !== true) this.logJson(result);
    else this.log(shown.length > 0 ? measuresView(shown, this.width) : `${run.id} has no measures here.`);
    return result;
  }

  async #showSeries(
    linesOf: (series: string) => ReturnType<typeof seriesLines>,
    known: readonly string[],
    { series, jsonl }: { readonly series?: string | undefined; readonly jsonl: boolean },
  ): Promise<unknown> {
    const name = series ?? (known.length === 1 ? known[0] : undefined);
    if (name === undefined || !known.includes(name)) throw new NoSeries(series ?? null, known);
    const lines = linesOf(name);
    if (this.jsonEnabled()) return lines.map((line) => Object.fromEntries(line));
    const heads = [...new Set(lines.flatMap((line) => [...line.keys()]))];
    const cell = (value: unknown) => (value === undefined || value === null ? '' : String(value));
    if (jsonl) await writeAll(jsonLines(lines.map((line) => Object.fromEntries(line))));
    else await writeAll([csv([heads, ...lines.map((line) => heads.map((head) => cell(line.get(head))))])]);
    return undefined;
  }
}
