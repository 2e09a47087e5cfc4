import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../cli/base-command.js';
import { interruptible } from '../cli/interrupt.js';
import { cyan, dim, present, wantsColors } from '../cli/style.js';
import { jsonText } from '../cli/text.js';
import { parseSince } from '../cli/time.js';
import { WholeLines } from '../cli/whole-lines.js';
import { experimentAndConditions } from '../cli/words.js';
import { ownLine, UserError } from '../errors.js';
import { logs } from '../operations/inspect/logs.js';
import { openRecords } from '../operations/records.js';

export default class Logs extends BaseCommand {
  static override summary = 'Show what the conditions print.';
  static override description =
    'One condition’s output as it is, or that of several with their ids in front. A condition is named by the beginning of its id.';
  static override usage = 'logs [EXPERIMENT] [CONDITION…] [-f] [--since TIME | --tail LINES]';
  static override examples = [
    '<%= config.bin %> logs',
    '<%= config.bin %> logs lr-0-1 -f',
    '<%= config.bin %> logs experiments/rnn-1 --since 10m',
  ];
  static override strict = false;
  static override args = {
    words: Args.string({
      name: 'EXPERIMENT or CONDITION',
      required: false,
      ignoreStdin: true,
      description: 'folder of the experiment, and conditions of it',
    }),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'go on until the jobs have ended' }),
    since: Flags.string({
      helpValue: 'TIME',
      description: 'from this time on: a date, or 90s, 10m, 2h, 3d ago',
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
    const { folder, conditions } = experimentAndConditions(argv as string[]);
    const session = this.session();
    const since = flags.since === undefined ? null : parseSince(flags.since, session.now());
    if (flags.since !== undefined && !since) {
      throw new UserError(
        `"${flags.since}" is no time: --since takes a date, or how long ago (90s, 10m, 2h, 3d).`,
        [ownLine('logs', ['--since', '10m']), ownLine('logs', ['--since', '2026-01-31T18:00'])],
        { exit: 2 },
      );
    }
    const records = openRecords(session, folder);
    const from = since ? { since } : flags.tail === undefined ? null : { tail: flags.tail };
    const lines = new WholeLines(this.jsonEnabled() ? showJson : this.#showPrefixed);
    const asItIs = conditions.length === 1 && !this.jsonEnabled();
    const receive = (source: string, chunk: Buffer) => {
      if (asItIs) process.stdout.write(chunk);
      else lines.receive(source, chunk);
      return process.stdout.writableNeedDrain ? drained() : null;
    };
    await interruptible(async (signal) => {
      await logs(session, records, { conditions, follow: flags.follow, from, signal }, receive);
      if (signal.aborted) process.exitCode = 130;
    });
    lines.end();
  }

  readonly #showPrefixed = (source: string, line: Buffer): void => {
    const prefix = present([cyan(source), ' ', dim('|'), ' '], wantsColors(process.stdout, process.env));
    process.stdout.write(Buffer.concat([Buffer.from(prefix), line]));
  };

  /** There is no result at the end: the lines are it. */
  override logJson(): void {}
}

let draining: Promise<void> | null = null;

/** Once a slow reader has taken what it was given: a log may be larger than our memory. */
function drained(): Promise<void> {
  draining ??= new Promise((resolve) => {
    process.stdout.once('drain', () => {
      draining = null;
      resolve();
    });
  });
  return draining;
}

/** An object a line, so that it can be followed. */
function showJson(condition: string, line: Buffer): void {
  process.stdout.write(`${jsonText({ condition, line: line.toString('utf8').replace(/\n$/, '') })}\n`);
}
