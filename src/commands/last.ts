import { join } from 'node:path';
import { BaseCommand, experimentArg } from '../cli/base-command.js';
import { scopeFlags } from '../cli/history-flags.js';
import { scopedHistory } from '../cli/scoped-history.js';
import { ownLine, UserError } from '../errors.js';

class NoRuns extends UserError {
  constructor() {
    super('Nothing has run yet.', [ownLine('run')]);
  }
}

export default class Last extends BaseCommand {
  static override summary = 'Print the id of the run that was started last.';
  static override description = 'The id and nothing else, for scripts. Without any run the exit code is 1.';
  static override examples = [
    '<%= config.bin %> last',
    'ls "runs/$(<%= config.bin %> last)/data/results"',
    '<%= config.bin %> last --project --json | jq -r .folder',
  ];
  static override args = experimentArg;
  static override flags = scopeFlags;

  async run() {
    const { args, flags } = await this.parse(Last);
    const { home } = this.session(flags);
    const last = scopedHistory(home, args.experiment, flags, this.find).rows.at(-1);
    if (!last) throw new NoRuns();
    this.log(last.run);
    return { run: last.run, folder: join(last.home, 'runs', last.run) };
  }
}
