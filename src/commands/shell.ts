import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { interruptible } from '../cli/interrupt.js';
import { openExperiment } from '../operations/experiment.js';
import { openShell } from '../operations/start/open-shell.js';

export default class Shell extends BaseCommand {
  static override summary = 'Open a shell where the experiment runs.';
  static override description =
    'The live working tree is at /project. /data is empty, and is deleted with the shell.';
  static override examples = [
    '<%= config.bin %> shell',
    '<%= config.bin %> shell --no-volume    # the bare image, without the working tree',
    'echo "python3 --version" | <%= config.bin %> shell',
  ];
  static override args = experimentArg;
  static override flags = {
    ...dryRunFlag,
    'no-volume': Flags.boolean({ description: 'the bare image, without the working tree' }),
  };

  async run(): Promise<{ exit_code: number | null }> {
    const { args, flags } = await this.parse(Shell);
    const session = this.session(flags);
    const experiment = await openExperiment(session, this.experimentFolder(args.experiment));
    const json = this.jsonEnabled();
    const how = {
      bare: flags['no-volume'],
      tty: this.isTerminal && !json,
      // Standard output is then reserved for the result.
      io: json ? { ...session.progress, stdin: 'inherit' as const } : ({ terminal: 'inherit' } as const),
    };
    const code = await interruptible(() => openShell(session, experiment, how));
    process.exitCode = code;
    return { exit_code: flags['dry-run'] ? null : code };
  }
}
