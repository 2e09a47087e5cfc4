import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentAndConditionsArg } from '../cli/base-command.js';
import { lockIsHeld, nextLines } from '../cli/deploy-view.js';
import { experimentAndConditions } from '../cli/experiment-words.js';
import { selectionFlags, selectionOf } from '../cli/selection-flags.js';
import { statusJson } from '../cli/status-json.js';
import { stop } from '../operations/end/stop.js';
import { openRecords } from '../operations/records.js';
import { listed } from '../phrases.js';

export default class Stop extends BaseCommand {
  static override summary = 'Stop jobs: first SIGTERM, then SIGKILL. Their data stays.';
  static override description =
    'A waiting job never starts. A running one gets SIGTERM, so that it can save itself, and SIGKILL after --grace seconds. Without a condition: all of them.';
  static override usage =
    'stop [EXPERIMENT] [CONDITION…] [--where CONDITION] [--state STATE] [--grace SECONDS]';
  static override examples = [
    '<%= config.bin %> stop',
    '<%= config.bin %> stop lr-0-1 --grace 120',
    "<%= config.bin %> stop 'lr-1.0-*'",
    '<%= config.bin %> stop --state pending    # let running jobs finish',
  ];
  static override strict = false;
  static override args = experimentAndConditionsArg;
  static override flags = {
    ...dryRunFlag,
    ...selectionFlags,
    grace: Flags.integer({
      helpValue: 'SECONDS',
      min: 0,
      default: 30,
      description: 'seconds between SIGTERM and SIGKILL',
    }),
  };

  protected override standing(): string {
    return 'Jobs that were told to stop still do; run the same command again to stop the rest.';
  }

  async run() {
    const { argv, flags } = await this.parse(Stop);
    const { folder, conditions } = experimentAndConditions(argv as string[]);
    const session = this.session(flags);
    const records = openRecords(session, this.experimentFolder(folder));
    const waiting = () => session.notify.note(lockIsHeld);
    const meant = selectionOf(conditions, flags, session, records.folder);
    const { status, stopped, problems } = await stop(session, records, meant, flags.grace, waiting);
    const ends = flags['dry-run'] ? 'Would stop' : 'Stopped';
    if (stopped.length > 0) this.log(`${ends} ${stopped.length}: ${listed(stopped)}`);
    else if (problems.length === 0) this.log('No job is running or waiting.');
    this.warnOf(problems);
    this.next(folder, ...nextLines(status));
    const shown = statusJson(status, records.runs);
    return flags['dry-run'] ? { ...shown, stopped: [], would_stop: stopped } : { ...shown, stopped };
  }
}
