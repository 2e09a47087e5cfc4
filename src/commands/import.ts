import * as Args from '@oclif/core/args';
import { BaseCommand, dryRunFlag, experimentArg } from '../cli/base-command.js';
import { ownLine } from '../errors.js';
import { importRuns } from '../operations/share/import.js';
import { count } from '../phrases.js';

export default class Import extends BaseCommand {
  static override summary = 'Add the runs of a file that `export` wrote to an experiment.';
  static override description =
    'Their commits come into the project beside all branches. A run that is here already is left as it is. Nothing of the file is executed.';
  static override usage = 'import FILE [EXPERIMENT]';
  static override examples = ['<%= config.bin %> import run.tar experiments/rnn-1'];
  static override args = {
    file: Args.string({ name: 'FILE', required: true, description: 'the file' }),
    ...experimentArg,
  };
  static override flags = { ...dryRunFlag };

  async run() {
    const { args, flags } = await this.parse(Import);
    const session = this.session(flags);
    const folder = this.experimentFolder(args.experiment);
    const found = await importRuns(session, folder, args.file);
    if (flags['dry-run']) return found;
    const known = found.known.length > 0 ? `; ${count(found.known.length, 'run')} here before` : '';
    this.log(`${count(found.runs.length, 'run')} added${known}`);
    const [first] = found.runs;
    this.next(
      args.experiment,
      ...(first ? [ownLine('describe', [first]), ownLine('reproduce', [first, '--check'])] : []),
      ownLine('history'),
    );
    return found;
  }
}
