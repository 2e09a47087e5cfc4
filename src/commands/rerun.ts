import * as Flags from '@oclif/core/flags';
import { dryRunFlag, yesFlag } from '../cli/base-command.js';
import { messageOf } from '../cli/deploy-view.js';
import { notifyFlag } from '../cli/end-notice.js';
import { LaunchCommand } from '../cli/launch-command.js';
import { machineFlags, machinesOf } from '../cli/machine-flags.js';
import { experimentAndRunsArg } from '../cli/run-command.js';
import { experimentAndRuns } from '../cli/run-words.js';
import { type OwnLine, ownLine, type Suggestion, UserError } from '../errors.js';
import { argumentsIn, settingOf } from '../experiment/change-arguments.js';
import { everything } from '../experiment/select.js';
import type { DeployRequest } from '../operations/deploy/request.js';
import { receiptOf, runsNamed } from '../operations/history/one-run.js';
import { readArgumentsFile } from '../operations/rerun/arguments-file.js';
import { lastFailed } from '../operations/rerun/last-failed.js';
import { rerunOf } from '../operations/rerun/rerun.js';
import { RunStore } from '../runs/store.js';
import { targetOfHosts } from '../targets/registry.js';

export default class Rerun extends LaunchCommand {
  static override summary =
    'Run again what has run: same commit, image and arguments, or with named changes.';
  static override description =
    'Makes new runs, of which the receipts say where they came from; the old ones stay. Settings are those of the parameters.json of then. An input that has other contents now is refused.';
  static override usage = 'rerun [EXPERIMENT] RUN… [--set NAME=VALUE] [FLAGS]';
  static override examples = [
    '<%= config.bin %> rerun last',
    '<%= config.bin %> rerun lr-0-1 --set seed=2 --wait',
    '<%= config.bin %> rerun lr-0-1 lr-0-01 --commit HEAD --target hosts',
    '<%= config.bin %> rerun --last-failed',
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = {
    ...dryRunFlag,
    ...yesFlag,
    ...machineFlags,
    set: Flags.string({
      helpValue: 'NAME=VALUE',
      multiple: true,
      multipleNonGreedy: true,
      description: 'another value of an argument; null takes it away; may be repeated',
    }),
    parameters: Flags.string({
      helpValue: 'FILE',
      description: 'a JSON object of such arguments',
    }),
    commit: Flags.string({ helpValue: 'COMMIT', description: 'at this commit instead of theirs' }),
    target: Flags.string({ helpValue: 'TARGET', description: 'there instead of where they ran' }),
    slots: Flags.integer({ helpValue: 'N', min: 1, description: 'how many run at a time on a machine' }),
    'last-failed': Flags.boolean({
      description: 'those conditions whose newest run failed or was lost',
    }),
    wait: Flags.boolean({
      char: 'w',
      description: 'follow to the end; exit code 1 if any did not succeed',
    }),
    notify: { ...notifyFlag, dependsOn: ['wait'] },
    'keep-failed': Flags.boolean({
      description: 'with --wait on aws: do not terminate the machines of failed runs',
      dependsOn: ['wait'],
    }),
    message: Flags.string({ helpValue: 'TEXT', char: 'm', description: 'why: kept in the receipts' }),
  };

  /** The experiment as it was typed. */
  #folder = '.';

  async run() {
    const { argv, flags } = await this.parse(Rerun);
    const { folder, runs: words } = experimentAndRuns(argv as string[]);
    this.#folder = folder;
    const experiment = this.experimentFolder(folder);
    const session = this.launchSession(flags);
    const settings = [
      ...(flags.parameters === undefined
        ? []
        : argumentsIn(readArgumentsFile(flags.parameters), flags.parameters)),
      ...(flags.set ?? []).map(settingOf),
    ];
    if (words.length === 0 && !flags['last-failed']) throw new NoRunNamed();
    const { runs, history } = runsNamed(session.home, experiment, words);
    const failed = flags['last-failed'] ? lastFailed(history.rows) : [];
    const more = runsNamed(session.home, experiment, failed).runs;
    const all = [...new Map([...runs, ...more].map((run) => [run.id, run])).values()];
    if (all.length === 0) {
      this.log('No condition has a newest run that failed or was lost.');
      return { conditions: [] };
    }
    const again = await rerunOf(session, experiment, new RunStore(experiment), all.map(receiptOf), {
      settings,
      commit: flags.commit ?? null,
      failed: new Set(failed),
    });
    const request: DeployRequest = {
      machines: machinesOf(flags, this.isTerminal),
      target: flags.target ?? (flags.hosts === undefined ? again.target : targetOfHosts),
      only: everything,
      first: null,
      slots: flags.slots ?? null,
      commit: null,
      snapshot: false,
      pin: again.pin,
      message: messageOf(flags.message),
      force: true,
      freshState: true,
      retry: { failed: false, stopped: false },
      maxFailures: null,
      maxMachines: null,
      keepFailed: flags['keep-failed'],
      cameFrom: again.cameFrom,
    };
    return this.launch(session, again.experiment, request, {
      ...flags,
      folder,
      chosen: [],
      at: () => [],
    });
  }

  /** `deploy` would take the conditions of today's parameters.json. */
  protected override rejoins(): OwnLine {
    return ownLine('status', ['--watch']);
  }

  protected override proposed(lines: readonly OwnLine[]): readonly OwnLine[] {
    return lines.flatMap((line) => {
      if (line.verb !== 'deploy') return line;
      return line.words.includes('--retry-failed') ? ownLine('rerun', ['--last-failed'], line.note) : [];
    });
  }

  /** A line that would deploy elsewhere reruns there. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (error instanceof UserError)
      Object.assign(error, { suggestions: error.suggestions.map((line) => this.#asRerun(line)) });
    return super.catch(error);
  }

  #asRerun(line: Suggestion): Suggestion {
    if (typeof line === 'string' || line.verb !== 'deploy') return line;
    if (!['--target', '--hosts'].includes(line.words[0] ?? '')) return line;
    const own = this.argv.filter(
      (word, at) =>
        word !== this.#folder &&
        !/^--(target|hosts)(=|$)/.test(word) &&
        !/^--(target|hosts)$/.test(this.argv[at - 1] ?? ''),
    );
    return ownLine('rerun', [...own, ...line.words], line.note);
  }
}

class NoRunNamed extends UserError {
  constructor() {
    super('Name the runs that are to run again.', [ownLine('history'), ownLine('rerun', ['last'])], {
      exit: 2,
    });
  }
}
