import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag } from '../cli/base-command.js';
import { experimentAndConditions } from '../cli/experiment-words.js';
import { interruptible } from '../cli/interrupt.js';
import { selectionOf, whereFlag } from '../cli/selection-flags.js';
import { splitAtDashes } from '../cli/words.js';
import { ownLine, UserError } from '../errors.js';
import { isEverything } from '../experiment/select.js';
import { openMachine } from '../operations/inspect/open-machine.js';
import { openRecords } from '../operations/records.js';

export default class Ssh extends BaseCommand {
  static override summary = 'Open the machine of a condition, or its container.';
  static override description =
    'A shell there, or one command, whose exit code becomes that of `ssh`. The machine is reached through .logistician/ssh_config, which ssh, rsync, git and editors can use too.';
  static override usage = 'ssh [EXPERIMENT] CONDITION [--container] [-- COMMAND…]';
  static override examples = [
    '<%= config.bin %> ssh lr-0-1',
    '<%= config.bin %> ssh lr-0-1 -- nvidia-smi',
    '<%= config.bin %> ssh lr-0-1 --container',
  ];
  static override strict = false;
  static override args = {
    words: Args.string({
      name: 'EXPERIMENT or CONDITION',
      required: false,
      ignoreStdin: true,
      description: 'folder of the experiment, and a condition of it',
    }),
  };
  static override flags = {
    ...dryRunFlag,
    ...whereFlag,
    container: Flags.boolean({ char: 'c', description: 'the container of the job rather than the machine' }),
  };

  async run(): Promise<{ exit_code: number | null }> {
    const { own, job } = splitAtDashes(this.argv);
    const { argv, flags } = await this.parse(Ssh, own);
    const { folder, conditions } = experimentAndConditions(argv as string[]);
    const session = this.session(flags);
    const experiment = this.experimentFolder(folder);
    const condition = selectionOf(conditions, flags, session, experiment);
    const isMissing = isEverything(condition);
    if (isMissing || conditions.length > 1)
      throw new UserError(
        isMissing ? 'Which condition? ssh opens the machine of one.' : 'ssh opens one machine at a time.',
        [ownLine('status'), ownLine('ssh', ['CONDITION'])],
        { exit: 2 },
      );
    const records = openRecords(session, experiment);
    const json = this.jsonEnabled();
    const request = {
      condition,
      container: flags.container,
      command: job ?? [],
      tty: this.isTerminal && !json && (job ?? []).length === 0,
      // Standard output is then reserved for the result.
      io: json ? { ...session.progress, stdin: 'inherit' as const } : ({ terminal: 'inherit' } as const),
    };
    const code = await interruptible(() => openMachine(session, records, request));
    process.exitCode = code;
    return { exit_code: flags['dry-run'] ? null : code };
  }
}
