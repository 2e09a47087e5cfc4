import { resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { listJson } from '../cli/list-json.js';
import { listView } from '../cli/list-view.js';
import { ownLine, UserError } from '../errors.js';
import { foldersHere, foldersKnown, overviewOf } from '../operations/look/overview.js';

export default class List extends BaseCommand {
  static override summary = 'Show the experiments of a project, and the state of each.';
  static override description =
    'A line for each: the runs of its last deployment by state, the best measure, when it was deployed, and its machines. No machine is asked: jobs elsewhere are shown as last seen. The measure is "objective" of parameters.json, or the first in measures/summary.json; without "goal", for a loss, an error or a time the lowest is the best.';
  static override examples = [
    '<%= config.bin %> list',
    '<%= config.bin %> list --all    # of every project that was run from this computer',
    '<%= config.bin %> list --json | jq -r ".experiments[] | select(.live) | .folder"',
  ];
  static override args = {
    folder: Args.string({ description: 'any folder of the project', default: '.', ignoreStdin: true }),
  };
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'every experiment that was run from this computer, of all projects',
    }),
  };

  async run() {
    const { args, flags } = await this.parse(List);
    const session = this.session(flags);
    const own = foldersHere(resolve(args.folder));
    const folders = flags.all ? [...new Set([...own, ...foldersKnown(session.home)])] : own;
    const found = folders.map((folder) => overviewOf(session.home, folder));
    // An experiment that never ran and whose folder is gone is not listed.
    const shown = found.filter(({ exists, deployment, problem }) => exists || deployment || problem);
    if (shown.length === 0 && !this.jsonEnabled()) throw new NoExperiments(resolve(args.folder), flags.all);
    const view = { width: this.width, now: session.now(), from: resolve() };
    this.log(listView(shown, view));
    return listJson(shown);
  }
}

class NoExperiments extends UserError {
  constructor(folder: string, all: boolean) {
    super(all ? 'No experiment was run from this computer yet.' : `There is no experiment in ${folder}.`, [
      ...(all ? [] : [ownLine('list', ['--all'], 'those of other projects')]),
      'logistician create experiments/one --command "python3 train.py"',
    ]);
  }
}
