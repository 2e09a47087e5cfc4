import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import { confirm } from '../cli/prompts.js';
import { statusJson } from '../cli/status-json.js';
import { UserError } from '../errors.js';
import { terminate } from '../operations/end.js';
import { openExperiment } from '../operations/experiment.js';
import { observe } from '../operations/observe.js';
import { hasEnded } from '../runs/run-record.js';

export default class Terminate extends BaseCommand {
  static override summary = 'End the deployment and leave nothing of it behind.';
  static override description =
    'Jobs that still run are stopped, everything is brought home, and then no container, no process and, on machines elsewhere, no job folder of the deployment is left. What cannot be brought home is not released, unless --discard. Results and receipts in runs/ stay. Safe to repeat.';
  static override examples = [
    '<%= config.bin %> terminate',
    '<%= config.bin %> terminate experiments/rnn-1 --yes',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    grace: Flags.integer({
      helpValue: 'SECONDS',
      min: 0,
      default: 30,
      description: 'seconds between SIGTERM and SIGKILL',
    }),
    discard: Flags.boolean({
      description: 'give up what cannot be brought home from machines that do not answer',
    }),
  };

  protected override standing(): string {
    return 'Jobs that have been told to end still do; the same line again does what is left to do.';
  }

  async run() {
    const { args, flags } = await this.parse(Terminate);
    const session = this.session({ dryRun: flags['dry-run'] });
    const experiment = await openExperiment(session, args.experiment);
    const before = await observe(session, experiment);
    const open = before.conditions.filter(
      (row) => row.deployed && row.record && !hasEnded(row.record),
    ).length;
    if (before.live) {
      const how = {
        yes: flags.yes || flags['dry-run'],
        isTerminal: this.isTerminal,
        line: this.line(args.experiment, 'terminate'),
      };
      if (
        !(await confirm(
          open === 1
            ? '1 job is running or waiting. End it?'
            : `${open} jobs are running or waiting. End them?`,
          how,
        ))
      )
        throw new UserError('Nothing was ended.');
    }
    const wait = () =>
      session.notify.note('Another logistician holds the lock of this deployment; waiting for it.');
    const { status, released } = await experiment.deployments.locked(
      () => terminate(session, experiment, { grace: flags.grace, discard: flags.discard }),
      wait,
    );
    this.log(
      released
        ? `Terminated. Results and receipts are in ${experiment.runs.folder}.`
        : 'There is no deployment here; nothing to end.',
    );
    return { ...statusJson(status), terminated: released };
  }
}
