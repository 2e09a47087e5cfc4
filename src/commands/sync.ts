import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentAndConditionsArg } from '../cli/base-command.js';
import { collectedView } from '../cli/collected-view.js';
import { experimentAndConditions } from '../cli/experiment-words.js';
import { progressRows } from '../cli/progress-rows.js';
import { noneIn, selectionFlags, selectionOf } from '../cli/selection-flags.js';
import { statusJson } from '../cli/status-json.js';
import { ownLine, UserError } from '../errors.js';
import { isEverything } from '../experiment/select.js';
import { collect } from '../operations/end/collect.js';
import { chosenRows } from '../operations/look/chosen.js';
import { observe } from '../operations/look/observe.js';
import { openRecords } from '../operations/records.js';

export default class Sync extends BaseCommand {
  static override summary = 'Collect the results.';
  static override description =
    'Everything that jobs have written so far is copied to runs/<run id>/, and each receipt, run.json, is updated. Nothing here is deleted; an interrupted transfer is resumed. If a machine fails, the others are still collected, and the exit code is 1, as it is when results turn out to be lost. On target local the results are in runs/ from the beginning.';
  static override examples = [
    '<%= config.bin %> sync',
    '<%= config.bin %> sync --only measures',
    "<%= config.bin %> sync 'lr-0.1-*'",
    'ls runs/*/data/results',
  ];
  static override usage =
    'sync [EXPERIMENT] [CONDITION…] [--where CONDITION] [--failed] [--state STATE] [--only PATH]';
  static override strict = false;
  static override args = experimentAndConditionsArg;
  static override flags = {
    ...dryRunFlag,
    ...selectionFlags,
    only: Flags.string({ helpValue: 'PATH', description: 'only this below data/, such as results/best.pt' }),
  };

  protected override standing(): string {
    return 'Files that are here stay; run the same command again to collect the rest.';
  }

  async run() {
    const { argv, flags } = await this.parse(Sync);
    const { folder, conditions } = experimentAndConditions(argv as string[]);
    const only = flags.only?.replace(/^(\.?\/+)*(data\/)?|\/+$/g, '') ?? null;
    if (only !== null && (only === '' || only.includes('\n') || only.split('/').includes('..')))
      throw new UserError(
        `--only takes a path below data/; "${flags.only}" is not one.`,
        [ownLine('sync', ['--only', 'results'])],
        {
          exit: 2,
        },
      );
    const session = this.session(flags);
    const records = openRecords(session, this.experimentFolder(folder));
    const meant = selectionOf(conditions, flags, session, records.folder);
    const rows = await progressRows(this.screen);
    const seen = await observe(session, records);
    const meantRows = chosenRows(seen, meant);
    const chosen = new Set(meantRows.map(({ condition }) => condition));
    const wanted = { runs: new Set(meantRows.flatMap(({ record }) => record?.id ?? [])) };
    const { status, settled, problems } = await collect(
      session,
      records,
      { only, progress: rows.show, ...(!isEverything(meant) && wanted) },
      { seen },
    );
    rows.done();
    const rowsOfThem = status.conditions.filter(({ condition }) => chosen.has(condition));
    if (chosen.size === 0 && meant.states.length > 0) this.log(noneIn(meant));
    else this.log(collectedView(rowsOfThem, settled, records.runs));
    this.warnOf(problems);
    if (settled.some(({ collected }) => collected === null)) process.exitCode = 1;
    this.next(folder, ownLine('status'), ownLine('terminate'));
    return { ...statusJson(status, records.runs), folder: records.runs.folder };
  }
}
