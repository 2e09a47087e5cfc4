import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag } from '../cli/base-command.js';
import { lockIsHeld } from '../cli/deploy-view.js';
import { statusJson } from '../cli/status-json.js';
import { experimentAndConditions } from '../cli/words.js';
import { ownLine } from '../errors.js';
import { stop } from '../operations/end/stop.js';
import { openRecords } from '../operations/records.js';

export default class Stop extends BaseCommand {
  static override summary = 'End jobs gently, then firmly. Their data stays.';
  static override description =
    'A waiting job never starts. A running one gets SIGTERM, so that it can save itself, and SIGKILL when its grace is over. Without a condition: all of them.';
  static override usage = 'stop [EXPERIMENT] [CONDITION…] [--grace SECONDS]';
  static override examples = ['<%= config.bin %> stop', '<%= config.bin %> stop lr-0-1 --grace 120'];
  static override strict = false;
  static override args = {
    words: Args.string({
      name: 'EXPERIMENT or CONDITION',
      required: false,
      ignoreStdin: true,
      description: 'folder of the experiment, and conditions of it',
    }),
  };
  static override flags = {
    ...dryRunFlag,
    grace: Flags.integer({
      helpValue: 'SECONDS',
      min: 0,
      default: 30,
      description: 'seconds between SIGTERM and SIGKILL',
    }),
  };

  protected override standing(): string {
    return 'Jobs that have been told to end still do; the same line again ends the rest.';
  }

  async run() {
    const { argv, flags } = await this.parse(Stop);
    const { folder, conditions } = experimentAndConditions(argv as string[]);
    const session = this.session({ dryRun: flags['dry-run'] });
    const records = openRecords(session, folder);
    const waiting = () => session.notify.note(lockIsHeld);
    const { status, stopped, problems } = await stop(session, records, conditions, flags.grace, waiting);
    const ends = flags['dry-run'] ? 'Would end' : 'Ended';
    if (stopped.length > 0) this.log(`${ends} ${stopped.length}: ${listed(stopped)}`);
    else if (problems.length === 0) this.log('No job is running or waiting.');
    this.warnOf(problems);
    this.next(folder, ownLine('status'), ownLine('deploy'), ownLine('terminate'));
    return { ...statusJson(status), stopped };
  }
}

/** Names for a sentence: of a large sweep, the first few. */
function listed(names: readonly string[]): string {
  const most = 20;
  const more = names.length > most ? `, … and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
