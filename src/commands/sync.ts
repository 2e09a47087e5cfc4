import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { statusJson } from '../cli/status-json.js';
import { sync } from '../operations/end.js';
import { openExperiment } from '../operations/experiment.js';

export default class Sync extends BaseCommand {
  static override summary = 'Bring the results home.';
  static override description =
    'Everything that jobs have left so far goes to runs/<run id>/, and each receipt, run.json, is brought up to date. On target local the results are there from the beginning.';
  static override examples = ['<%= config.bin %> sync', 'ls runs/*/data/results'];
  static override args = experimentArg;
  static override flags = dryRunFlag;

  protected override standing(): string {
    return 'What is here stays; the same line again brings the rest.';
  }

  async run() {
    const { args, flags } = await this.parse(Sync);
    const session = this.session({ dryRun: flags['dry-run'] });
    const experiment = await openExperiment(session, args.experiment);
    const status = await sync(session, experiment);
    const runs = status.conditions.flatMap((row) => row.record ?? []);
    for (const run of runs) this.log(`${run.state.padEnd(10)} ${experiment.runs.pathOf(run.id)}/data`);
    this.log(`${runs.length} of ${status.conditions.length} conditions have results here.`);
    this.next(args.experiment, 'status', 'terminate');
    return { ...statusJson(status), folder: experiment.runs.folder };
  }
}
