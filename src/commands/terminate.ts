import { resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg, yesFlag } from '../cli/base-command.js';
import { lockIsHeld } from '../cli/deploy-view.js';
import { fromHere } from '../cli/from-here.js';
import { leakFlags } from '../cli/leak-flags.js';
import { confirm } from '../cli/prompts.js';
import { noneIn, selectionFlags, selectionOf, selectionWords } from '../cli/selection-flags.js';
import { statusJson } from '../cli/status-json.js';
import { ownLine, UserError } from '../errors.js';
import { isEverything } from '../experiment/select.js';
import { endOurLeaks, leaks } from '../operations/doctor/leaks.js';
import { terminate } from '../operations/end/terminate.js';
import { chosenRows } from '../operations/look/chosen.js';
import { observe } from '../operations/look/observe.js';
import { type ExperimentStatus, isOpen } from '../operations/look/rows.js';
import { type ExperimentRecords, openRecords } from '../operations/records.js';
import type { Session } from '../operations/session.js';
import { listed } from '../phrases.js';

export default class Terminate extends BaseCommand {
  static override summary = 'End the deployment and leave nothing of it behind.';
  static override description =
    'Stops the jobs that still run, collects everything, then removes every container, process and, on machines elsewhere, job folder of the deployment. A machine whose results cannot be collected is kept, unless --discard. Results and receipts in runs/ stay. Safe to repeat.';
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
      description: 'give up results that cannot be collected from unreachable machines',
    }),
    condition: Flags.string({
      helpValue: 'ID',
      multiple: true,
      multipleNonGreedy: true,
      description:
        "only this condition, by the beginning of its id, or a pattern such as 'lr-0.1-*'; may be repeated",
    }),
    ...selectionFlags,
    ...leakFlags(
      'terminate machines and other resources at AWS that no record here names, if this user created them',
    ),
  };

  protected override standing(): string {
    return 'Jobs that were told to stop still do; run the same command again to do the rest.';
  }

  async run() {
    const { args, flags } = await this.parse(Terminate);
    const session = this.session(flags);
    if (flags.leaks) return this.#leaks(session, resolve(args.experiment), flags);
    const records = openRecords(session, this.experimentFolder(args.experiment));
    const only = selectionOf(flags.condition ?? [], flags, session, records.folder);
    const isAll = isEverything(only);
    const before = await observe(session, records);
    const meant = chosenRows(before, only);
    if (!isAll && meant.length === 0) {
      this.log(noneIn(only));
      return { ...statusJson(before, records.runs), terminated: false };
    }
    const words = selectionWords('--condition', only);
    const open = meant.filter((row) => row.deployed && isOpen(row)).length;
    if (before.live && (open > 0 || isAll)) {
      const how = {
        yes: flags.yes || flags['dry-run'],
        isTerminal: this.isTerminal,
        ends: true,
        verb: 'terminate',
      };
      const question =
        open === 1
          ? '1 job is running or waiting. Stop it?'
          : `${open} jobs are running or waiting. Stop them?`;
      if (!(await confirm(question, how))) throw new UserError('Nothing was terminated.');
    }
    const request = { grace: flags.grace, discard: flags.discard, only, words };
    const { status, ended } = await records.deployments.locked(
      (live) => terminate(session, records, live, before, request),
      () => session.notify.note(lockIsHeld),
    );
    if (flags['dry-run']) return this.#wouldTerminate(records, status, ended);
    const isPart = !isAll && records.deployments.read()?.released === null;
    this.log(outcome(records, ended, isPart));
    if (isPart) this.next(args.experiment, ownLine('status'), ownLine('terminate'));
    return { ...statusJson(status, records.runs), terminated: ended.length > 0 };
  }

  #wouldTerminate({ runs }: ExperimentRecords, status: ExperimentStatus, ended: readonly string[]) {
    this.log(ended.length > 0 ? `Would terminate ${ended.length}: ${listed(ended)}` : nothingToEnd);
    return { ...statusJson(status, runs), terminated: false, would_terminate: ended };
  }

  async #leaks(
    session: Session,
    folder: string,
    flags: { yes: boolean; 'dry-run': boolean; region?: string | undefined },
  ) {
    const found = (await leaks(session, folder, flags.region ?? null)).filter(({ isOurs }) => isOurs);
    for (const { kind, id, region, experiment, detail } of found)
      this.log(`${kind} ${id} in ${region}, of ${experiment}${detail && ` (${detail})`}`);
    const how = {
      yes: flags.yes || flags['dry-run'],
      isTerminal: this.isTerminal,
      ends: true,
      verb: 'terminate',
    };
    if (found.length > 0 && !(await confirm('Terminate these, with everything on them?', how)))
      throw new UserError('Nothing was terminated.');
    await endOurLeaks(session, folder, found);
    const done = flags['dry-run'] ? 'Would terminate these.' : 'Terminated.';
    this.log(found.length === 0 ? 'Nothing of ours is left at AWS without a record.' : done);
    return { leaks: found };
  }
}

const nothingToEnd = 'There is no deployment here; nothing to terminate.';

function outcome({ runs }: ExperimentRecords, ended: readonly string[], isPart: boolean): string {
  if (ended.length === 0) return nothingToEnd;
  const what = isPart ? `Terminated: ${ended.join(', ')}. The rest is as it was.` : 'Terminated.';
  return `${what} Results and receipts are in ${fromHere(runs.folder)}.`;
}
