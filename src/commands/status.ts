import { basename } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentAndConditionsArg } from '../cli/base-command.js';
import { linesOfStatus } from '../cli/deploy-view.js';
import { endOfSweep, giveNotice, notifyFlag } from '../cli/end-notice.js';
import { experimentAndConditions } from '../cli/experiment-words.js';
import { followLive } from '../cli/follow-view.js';
import { noneIn, selectionFlags, selectionOf } from '../cli/selection-flags.js';
import { statusJson } from '../cli/status-json.js';
import { statusView } from '../cli/status-view.js';
import { rowsToShow } from '../operations/look/chosen.js';
import { observe } from '../operations/look/observe.js';
import { olderResults } from '../operations/look/older-results.js';
import type { ExperimentStatus } from '../operations/look/rows.js';
import { openRecords } from '../operations/records.js';

export default class Status extends BaseCommand {
  static override summary = 'Show the state of every condition.';
  static override description =
    'The newest run of each condition of parameters.json and of the deployment (while a deployment is live, its own runs): state and reason, exit code, time, last measure, last line.';
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status --watch',
    "<%= config.bin %> status --failed --where 'lr>=0.1'",
    '<%= config.bin %> status --json | jq -r ".conditions[] | select(.state == \\"failed\\") | .condition"',
  ];
  static override usage =
    'status [EXPERIMENT] [CONDITION…] [--where CONDITION] [--failed] [--state STATE] [--watch]';
  static override strict = false;
  static override args = experimentAndConditionsArg;
  static override flags = {
    ...selectionFlags,
    all: Flags.boolean({ char: 'a', description: 'also conditions that only `run` has run' }),
    watch: Flags.boolean({ char: 'w', description: 'update until the deployment has ended' }),
    notify: { ...notifyFlag, dependsOn: ['watch'] },
  };

  async run() {
    const { argv, flags } = await this.parse(Status);
    const { folder, conditions } = experimentAndConditions(argv as string[]);
    const session = this.session(flags);
    const records = openRecords(session, this.experimentFolder(folder));
    const meant = selectionOf(conditions, flags, session, records.folder);
    const shown = (status: ExperimentStatus) => ({
      ...status,
      conditions: rowsToShow(status, meant, flags.all),
    });
    const { status: whole, interrupted } = flags.watch
      ? await followLive(session, records, this.screen, { shown })
      : { status: await observe(session, records), interrupted: false };
    if (interrupted) process.exitCode = 130;
    const status = shown(whole);
    if (!flags.watch || !this.liveIsResult) {
      const view = {
        width: this.width,
        height: Number.POSITIVE_INFINITY,
        now: session.now(),
        objective: records.parameters?.objective ?? null,
      };
      if (status.conditions.length > 0) this.log(statusView(status, view));
      else this.log(meant.states.length > 0 ? noneIn(meant) : 'No conditions, and nothing has run.');
    }
    const lines = interrupted ? [] : linesOfStatus(whole);
    if (lines.length > 0) this.next(folder, ...lines);
    if (flags.watch && !interrupted) {
      const experiment = records.parameters?.experimentName ?? basename(records.folder);
      const end = endOfSweep({ verb: 'status', experiment, folder: records.folder }, whole);
      await giveNotice(session, flags.notify ?? this.settings.notify, end);
    }
    const older = this.jsonEnabled() ? olderResults(records.runs, status) : undefined;
    return statusJson(status, records.runs, older);
  }
}
