import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { followLive } from '../cli/follow-view.js';
import { statusJson } from '../cli/status-json.js';
import { statusView } from '../cli/status-view.js';
import { observe } from '../operations/look/observe.js';
import { isOfSweep } from '../operations/look/rows.js';
import { openRecords } from '../operations/records.js';

export default class Status extends BaseCommand {
  static override summary = 'Show how every condition stands.';
  static override description =
    'The newest run of each condition of the file and of the deployment, and the deployment’s own until all of that is over: state and reason, exit code, time, last measure, last line.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    '<%= config.bin %> status --json | jq -r ".conditions[] | select(.state == \\"failed\\") | .condition"',
  ];
  static override args = experimentArg;
  static override flags = {
    all: Flags.boolean({ char: 'a', description: 'also conditions that only `run` has run' }),
    watch: Flags.boolean({ char: 'w', description: 'keep looking until the deployment has ended' }),
  };

  async run() {
    const { args, flags } = await this.parse(Status);
    const session = this.session();
    const records = openRecords(session, args.experiment);
    const { status: whole, interrupted } = flags.watch
      ? await followLive(session, records, this.screen)
      : { status: await observe(session, records), interrupted: false };
    if (interrupted) process.exitCode = 130;
    const status = flags.all ? whole : { ...whole, conditions: whole.conditions.filter(isOfSweep) };
    if (!flags.watch || !this.liveIsResult) {
      const view = {
        width: this.width,
        height: Number.POSITIVE_INFINITY,
        now: session.now(),
      };
      this.log(
        status.conditions.length > 0 ? statusView(status, view) : 'No conditions, and nothing has run.',
      );
    }
    return statusJson(status);
  }
}
