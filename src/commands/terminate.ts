import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import { lockIsHeld } from '../cli/deploy-view.js';
import { leakFlags } from '../cli/leak-flags.js';
import { confirm } from '../cli/prompts.js';
import { statusJson } from '../cli/status-json.js';
import { ownLine, UserError } from '../errors.js';
import { endOurLeaks, leaks } from '../operations/doctor/leaks.js';
import { terminate } from '../operations/end/terminate.js';
import { chosenRows, observe } from '../operations/look/observe.js';
import { isOpen } from '../operations/look/rows.js';
import { type ExperimentRecords, openRecords } from '../operations/records.js';
import type { Session } from '../operations/session.js';

export default class Terminate extends BaseCommand {
  static override summary = 'End the deployment and leave nothing of it behind.';
  static override description =
    'Jobs that still run are stopped, everything is brought home, and then no container, no process and, on machines elsewhere, no job folder of the deployment is left. What cannot be brought home is not released, unless --discard. Results and receipts in runs/ stay. Safe to repeat.';
  static override examples = [
    '<%= config.bin %> terminate',
    '<%= config.bin %> terminate experiments/rnn-1 --yes',
    '<%= config.bin %> terminate --condition lr-0-1    # one machine of a rented sweep',
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
    condition: Flags.string({
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      description: 'only this condition, by the beginning of its id; may be repeated',
    }),
    ...leakFlags('end what is left at AWS of which no record here knows, if it was made here'),
  };

  protected override standing(): string {
    return 'Jobs that have been told to end still do; the same line again does what is left to do.';
  }

  async run() {
    const { args, flags } = await this.parse(Terminate);
    const session = this.session({ dryRun: flags['dry-run'] });
    if (flags.leaks) return this.#leaks(session, args.experiment, flags);
    const records = openRecords(session, args.experiment);
    const only = flags.condition ?? [];
    const before = await observe(session, records);
    const open = chosenRows(before, only).filter((row) => row.deployed && isOpen(row)).length;
    if (before.live && (open > 0 || only.length === 0)) {
      const how = {
        yes: flags.yes || flags['dry-run'],
        isTerminal: this.isTerminal,
        line: ownLine(
          'terminate',
          only.flatMap((id) => ['--condition', id]),
        ),
      };
      const question =
        open === 1
          ? '1 job is running or waiting. End it?'
          : `${open} jobs are running or waiting. End them?`;
      if (!(await confirm(question, how))) throw new UserError('Nothing was ended.');
    }
    const request = { grace: flags.grace, discard: flags.discard, only };
    const { status, ended } = await records.deployments.locked(
      (live) => terminate(session, records, live, before, request),
      () => session.notify.note(lockIsHeld),
    );
    const isPart = only.length > 0 && records.deployments.read()?.released === null;
    this.log(outcome(records, ended, isPart));
    if (isPart) this.next(args.experiment, ownLine('status'), ownLine('terminate'));
    return { ...statusJson(status), terminated: ended.length > 0 };
  }

  async #leaks(
    session: Session,
    folder: string,
    flags: { yes: boolean; 'dry-run': boolean; region?: string | undefined },
  ) {
    const found = (await leaks(session, resolve(folder), flags.region ?? null)).filter(
      ({ isOurs }) => isOurs,
    );
    for (const { kind, id, region, experiment, detail } of found)
      this.log(`${kind} ${id} in ${region}, of ${experiment}${detail && ` (${detail})`}`);
    const how = {
      yes: flags.yes || flags['dry-run'],
      isTerminal: this.isTerminal,
      line: ownLine('terminate', ['--leaks', ...(flags.region ? ['--region', flags.region] : [])]),
    };
    if (found.length > 0 && !(await confirm('End these, with all that is on them?', how)))
      throw new UserError('Nothing was ended.');
    await endOurLeaks(session, folder, found);
    this.log(found.length === 0 ? 'Nothing of ours is left at AWS without a record.' : 'Ended.');
    return { leaks: found };
  }
}

function outcome({ runs }: ExperimentRecords, ended: readonly string[], isPart: boolean): string {
  if (ended.length === 0) return 'There is no deployment here; nothing to end.';
  const what = isPart ? `Terminated: ${ended.join(', ')}. The rest is as it was.` : 'Terminated.';
  return `${what} Results and receipts are in ${runs.folder}.`;
}
