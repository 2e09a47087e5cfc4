import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { progressRows } from '../cli/progress-rows.js';
import { statusJson } from '../cli/status-json.js';
import { ownLine, UserError } from '../errors.js';
import { collect } from '../operations/end/collect.js';
import { isHere } from '../operations/look/observe.js';
import { openRecords } from '../operations/records.js';

export default class Sync extends BaseCommand {
  static override summary = 'Bring the results home.';
  static override description =
    'Everything that jobs have left so far goes to runs/<run id>/, and each receipt, run.json, is brought up to date. Nothing here is deleted, and what was cut off goes on where it was. A machine that fails stops no other, and makes the exit code 1. On target local the results are there from the beginning.';
  static override examples = [
    '<%= config.bin %> sync',
    '<%= config.bin %> sync --only measures',
    'ls runs/*/data/results',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    only: Flags.string({ helpValue: 'PATH', description: 'only this below data/, such as results/best.pt' }),
  };

  protected override standing(): string {
    return 'What is here stays; the same line again brings the rest.';
  }

  async run() {
    const { args, flags } = await this.parse(Sync);
    const only = flags.only?.replace(/^(\.?\/+)*(data\/)?|\/+$/g, '') ?? null;
    if (only !== null && (only === '' || only.split('/').includes('..')))
      throw new UserError(
        `--only takes a path below data/; "${flags.only}" is none.`,
        [ownLine('sync', ['--only', 'results'])],
        {
          exit: 2,
        },
      );
    const session = this.session({ dryRun: flags['dry-run'] });
    const records = openRecords(session, args.experiment);
    const rows = await progressRows(this.screen);
    const { status, problems } = await collect(session, records, { only, progress: rows.show });
    rows.done();
    const runs = status.conditions.flatMap((row) => row.record ?? []);
    for (const run of runs) {
      const path = records.runs.pathOf(run.id);
      this.log(`${run.state.padEnd(10)} ${isHere(records.runs, run) ? `${path}/data` : path}`);
    }
    this.log(`${runs.length} of ${status.conditions.length} conditions have run folders here.`);
    this.warnOf(problems);
    this.next(args.experiment, ownLine('status'), ownLine('terminate'));
    return { ...statusJson(status), folder: records.runs.folder };
  }
}
