import { join, resolve } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { dryRunFlag } from '../cli/base-command.js';
import { fromHere } from '../cli/from-here.js';
import { interruptible } from '../cli/interrupt.js';
import { fitsPattern } from '../cli/pattern.js';
import { checkedView, reproductionLines } from '../cli/reproduce-view.js';
import { experimentAndRunsArg, RunCommand } from '../cli/run-command.js';
import { UserError } from '../errors.js';
import { receiptOf, runsNamed } from '../operations/history/one-run.js';
import { openRecords } from '../operations/records.js';
import { check } from '../operations/reproduce/check.js';
import { repetitionsOf, reproduction } from '../operations/reproduce/reproduce.js';

export default class Reproduce extends RunCommand {
  static override summary = 'Print the lines of git and docker that do a run again, or do it and compare.';
  static override description =
    'The lines need nothing of logistician: they check the commit out, build the image and start the container. --check issues them beside the run and says whether the results are the same bytes, or else the measures: exit code 0; or different, with the files: exit code 1.';
  static override usage = 'reproduce [EXPERIMENT] [RUN] [--check [--tolerance SHARE] [--ignore PATTERN]]';
  static override examples = [
    '<%= config.bin %> reproduce',
    '<%= config.bin %> reproduce lr-0-1 | sh',
    '<%= config.bin %> reproduce lr-0-1 --check --tolerance 0.001',
    "<%= config.bin %> reproduce last --check --ignore '*.log' --ignore seconds",
  ];
  static override strict = false;
  static override args = experimentAndRunsArg;
  static override flags = {
    ...dryRunFlag,
    check: Flags.boolean({ description: 'do it, and compare what it leaves with what the run left' }),
    input: Flags.string({
      helpValue: 'NAME=PATH',
      multiple: true,
      multipleNonGreedy: true,
      description: 'where an input of the run is on this computer; may be repeated',
    }),
    tolerance: Flags.string({
      helpValue: 'SHARE',
      description: 'measures that differ by no more than this share of their value are the same; default: 0',
      dependsOn: ['check'],
    }),
    ignore: Flags.string({
      helpValue: 'PATTERN',
      multiple: true,
      multipleNonGreedy: true,
      description: "files or measures that do not count, such as '*.log'; may be repeated",
      dependsOn: ['check'],
    }),
  };

  async run() {
    const { argv, flags } = await this.parse(Reproduce);
    const given = Object.fromEntries((flags.input ?? []).map(placeOf));
    const tolerance = toleranceOf(flags.tolerance ?? '0');
    const { experiment, words } = this.runsTyped(argv as string[]);
    const session = this.session(flags);
    const run = this.only(runsNamed(session.home, experiment, words).runs);
    const record = receiptOf(run);
    const folder = join(repetitionsOf(session.home), record.id);
    const found = await reproduction(session, openRecords(session, experiment), record, folder, given);
    if (!flags.check) {
      const lines = reproductionLines(found);
      this.log(lines.join('\n'));
      return { run: record.id, lines };
    }
    for (const note of found.notes) session.notify.note(note);
    const data = join(run.folder, 'data');
    const patterns = flags.ignore ?? [];
    const ignored = (name: string) => patterns.some((pattern) => fitsPattern(pattern, name));
    const request = { data, tolerance, ignored, io: session.progress };
    const checked = await interruptible((signal) => check(session, found, { ...request, signal }));
    this.log(checkedView(checked, fromHere(data), this.width));
    process.exitCode = checked.verdict === 'different' ? 1 : 0;
    return { run: record.id, ...checked };
  }
}

/** `NAME=PATH` */
function placeOf(text: string): [string, string] {
  const [, name = '', path = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (path !== '') return [name, resolve(path)];
  throw new UserError(`--input is a name, "=" and a path, such as mnist=/data/mnist, and not ${text}.`, [], {
    exit: 2,
  });
}

function toleranceOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && Number.isFinite(number)) return number;
  throw new UserError(`--tolerance is a share, such as 0.01 for one percent, and not ${text}.`, [], {
    exit: 2,
  });
}
