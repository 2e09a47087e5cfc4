import * as Flags from '@oclif/core/flags';
import { BaseCommand, experimentAndConditionsArg } from '../cli/base-command.js';
import { interruptible } from '../cli/interrupt.js';
import { untilReaderLeaves } from '../cli/reader.js';
import { experimentAndRuns } from '../cli/run-words.js';
import { noneIn, selectionFlags, selectionOf } from '../cli/selection-flags.js';
import { cyan, dim, present, wantsColors } from '../cli/style.js';
import { jsonText } from '../cli/text.js';
import { WholeLines } from '../cli/whole-lines.js';
import { ownLine, UserError } from '../errors.js';
import { namesOne } from '../experiment/select.js';
import { parseMoment } from '../history/moment.js';
import { logs } from '../operations/inspect/logs.js';
import { openRecords } from '../operations/records.js';

export default class Logs extends BaseCommand {
  static override summary = 'Show the output of conditions.';
  static override description =
    'The output of one condition as it is; of several, each line behind the id of its condition. A condition is named by the beginning of its id, several by a pattern; an older run of one by its own id, or as last~1.';
  static override usage =
    'logs [EXPERIMENT] [CONDITION…] [--where CONDITION] [--failed] [-f] [--since TIME | --tail LINES]';
  static override examples = [
    '<%= config.bin %> logs',
    '<%= config.bin %> logs lr-0-1 -f',
    '<%= config.bin %> logs experiments/rnn-1 --since 10m',
    '<%= config.bin %> logs last~1',
    '<%= config.bin %> logs --failed --tail 5',
    '<%= config.bin %> logs -f --state running',
  ];
  static override strict = false;
  static override args = experimentAndConditionsArg;
  static override flags = {
    ...selectionFlags,
    follow: Flags.boolean({ char: 'f', description: 'follow until the jobs have ended' }),
    since: Flags.string({
      helpValue: 'TIME',
      description: 'from this time on: a date, 90s, 10m, 2h, 3d ago, or yesterday',
    }),
    tail: Flags.integer({
      helpValue: 'LINES',
      min: 0,
      description: 'only the last lines of each',
      exclusive: ['since'],
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Logs);
    const { folder, runs } = experimentAndRuns(argv as string[]);
    const session = this.session(flags);
    const since = flags.since === undefined ? null : parseMoment(flags.since, session.now());
    if (flags.since !== undefined && !since) {
      throw new UserError(
        `"${flags.since}" is not a time: --since takes a date, how long ago (90s, 10m, 2h, 3d), or a day such as yesterday.`,
        [ownLine('logs', ['--since', '10m']), ownLine('logs', ['--since', '2026-01-31T18:00'])],
        { exit: 2 },
      );
    }
    const records = openRecords(session, this.experimentFolder(folder));
    const from = since ? { since } : flags.tail === undefined ? null : { tail: flags.tail };
    const lines = new WholeLines(this.jsonEnabled() ? showJson : this.#showPrefixed);
    const meant = selectionOf(runs, flags, session, records.folder);
    const asItIs = namesOne(meant) && !this.jsonEnabled();
    await interruptible(async (interrupted) => {
      const signal = untilReaderLeaves(process.stdout, interrupted);
      const receive = (source: string, chunk: Buffer) => {
        if (asItIs) process.stdout.write(chunk);
        else lines.receive(source, chunk);
        return process.stdout.writableNeedDrain ? drained(signal) : null;
      };
      const request = { conditions: meant, follow: flags.follow, from, signal };
      if (!(await logs(session, records, request, receive))) this.screen.write(`${noneIn(meant)}\n`);
      if (interrupted.aborted) process.exitCode = 130;
    });
    lines.end();
  }

  readonly #showPrefixed = (source: string, line: Buffer): void => {
    const prefix = present([cyan(source), ' ', dim('|'), ' '], wantsColors(process.stdout, process.env));
    process.stdout.write(Buffer.concat([Buffer.from(prefix), line]));
  };

  /** An object on one line, as all other output of `--json` here. */
  override logJson(json: unknown): void {
    if (json !== undefined) process.stdout.write(`${jsonText(json)}\n`);
  }
}

let draining: Promise<void> | null = null;

/** Resolves when a slow reader has caught up, or the signal has fired: a log may be larger than our memory. */
function drained(signal: AbortSignal): Promise<void> {
  draining ??= new Promise((resolve) => {
    const done = () => {
      draining = null;
      resolve();
    };
    if (signal.aborted) return done();
    signal.addEventListener('abort', done, { once: true });
    process.stdout.once('drain', () => {
      signal.removeEventListener('abort', done);
      done();
    });
  });
  return draining;
}

/** One object per line, so that it can be followed. */
function showJson(condition: string, line: Buffer): void {
  process.stdout.write(`${jsonText({ condition, line: line.toString('utf8').replace(/\n$/, '') })}\n`);
}
