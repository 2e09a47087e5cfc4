import * as Flags from '@oclif/core/flags';
import { BaseCommand, dryRunFlag } from '../cli/base-command.js';
import { fromHere } from '../cli/from-here.js';
import { experimentAndRunsArg } from '../cli/run-command.js';
import { experimentAndRuns } from '../cli/run-words.js';
import { ownLine, UserError } from '../errors.js';
import { ranking } from '../history/best.js';
import { receiptOf, runsNamed } from '../operations/history/one-run.js';
import { fieldsOf, openHistory } from '../operations/history/open-history.js';
import { exportRuns } from '../operations/share/export.js';
import { count } from '../phrases.js';
import { sizeText } from '../runs/measures/read.js';
import { pasteable } from '../shell/word.js';

export default class Export extends BaseCommand {
  static override summary = 'Give runs away: one file with receipts, results and their commits.';
  static override description =
    'A tar file, which `import` adds to an experiment in another clone, where the runs are read, compared and reproduced. Left out, and told of, are inputs and files of git LFS (but see --inputs), submodules, and /data/state. With the commits goes all of their history.';
  static override usage = 'export [EXPERIMENT] RUN… -o FILE.tar';
  static override examples = [
    '<%= config.bin %> export last -o run.tar',
    '<%= config.bin %> export --best -o best.tar',
    "<%= config.bin %> export last -o - | ssh gpu1 'cat >run.tar'",
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = {
    ...dryRunFlag,
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE',
      required: true,
      description: 'the file to write; - is standard output',
    }),
    best: Flags.boolean({ description: 'the best run, as `best` says' }),
    by: Flags.string({ helpValue: 'NAME', description: 'by this measure', dependsOn: ['best'] }),
    inputs: Flags.boolean({
      description: 'inputs and files of git LFS, too, as they were when the runs used them',
    }),
    force: Flags.boolean({ description: 'replace the file' }),
  };

  async run() {
    const { argv, flags } = await this.parse(Export);
    const { folder, runs: words } = experimentAndRuns(argv as string[]);
    const experiment = this.experimentFolder(folder);
    const session = this.session(flags);
    const best = flags.best ? [bestIn(session.home, experiment, flags.by ?? null)] : [];
    if (words.length + best.length === 0) throw new NothingNamed();
    const isPiped = this.isToStandardOutput(flags.output);
    if (isPiped && process.stdout.isTTY)
      throw new ArchiveOnTerminal(this.argv.filter((word) => word !== folder));
    const { runs } = runsNamed(session.home, experiment, [...words, ...best]);
    const found = await exportRuns(session, experiment, runs.map(receiptOf), {
      file: isPiped ? null : flags.output,
      force: flags.force,
      inputs: flags.inputs,
    });
    if (found.file !== null && !flags['dry-run']) {
      this.log(
        `${count(found.runs.length, 'run')} and ${count(found.commits.length, 'commit')} in ${fromHere(found.file)} (${sizeText(found.bytes)})`,
      );
      this.screen.write(
        `\nTo add them to another clone of the project, there:\n  ${pasteable`logistician import ${fromHere(found.file)}`}\n`,
      );
    }
    return found;
  }
}

function bestIn(home: string, experiment: string, by: string | null): string {
  const { rows, objective } = openHistory(home, experiment);
  const { ranked } = ranking(rows, fieldsOf(rows), { by, goal: null, over: null, objective });
  const [run] = ranked[0]?.rows ?? [];
  if (!run) throw new UserError('No run has succeeded with such a measure.', [ownLine('best')]);
  return run.run;
}

class ArchiveOnTerminal extends UserError {
  constructor(typed: readonly string[]) {
    const words = typed.map((word) =>
      word === '-' ? 'run.tar' : word.replace(/^(-o|--output=)-$/, '$1run.tar'),
    );
    super(
      'An archive is nothing for a terminal: name a file, or put a program behind it that reads it.',
      [ownLine('export', words)],
      { exit: 2 },
    );
  }
}

class NothingNamed extends UserError {
  constructor() {
    super('Name the runs to export, or --best.', [ownLine('export', ['last', '-o', 'run.tar'])], { exit: 2 });
  }
}
