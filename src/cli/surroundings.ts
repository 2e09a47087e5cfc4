import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { harmless } from './failure.js';
import { Screen } from './screen.js';

// Handles odd environments once, so that no other part of the program has to: empty variables, no home folder, a
// terminal without a size, a full output, arguments that are not UTF-8.

/** Normalises the environment of this process for the program, its libraries and the programs that it starts. Call it
 * before any of them is loaded. @throws UserError if that is impossible */
export function settleSurroundings(): void {
  // Under umask 000 our files would be writable by every user of the computer.
  process.umask(process.umask() | 0o002);
  hearOfBrokenOutput();
  keepLibrariesQuiet(process.env);
  dropEmptyVariables(process.env);
  for (const stream of [process.stdout, process.stderr]) giveSize(stream);
  refuseDeletedFolder();
  process.env.HOME = resolve(homeFolder());
  refuseOtherBytes(process.argv.slice(2));
}

/** Variables (ours and those of other programs) that count as unset when they are empty, as for `docker` and others. */
const unsetWhenEmpty =
  /^(?:DOCKER_|BUILDKIT_|BUILDX_|AWS_|TF_|LOGISTICIAN_|SSH_AUTH_SOCK$|HOME$|TMPDIR$|XDG_|COLUMNS$|LINES$|TERM$|SHELL$|https?_proxy$|no_proxy$|all_proxy$)/i;

/** Removes them from the environment, for us and for the programs that we start. */
export function dropEmptyVariables(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env))
    if (value === '' && unsetWhenEmpty.test(name)) delete env[name];
}

/** Some libraries log when DEBUG names them, and one of them logs the whole environment, secrets included. For us DEBUG
 * only enables stack traces. */
export function keepLibrariesQuiet(env: NodeJS.ProcessEnv): void {
  if (env.DEBUG) env.LOGISTICIAN_DEBUG ??= '1';
  delete env.DEBUG;
  delete env.NODE_DEBUG;
}

/** The user's home folder; for a user unknown to the system, as in some containers, a folder of their own. @throws
 * UserError if that folder belongs to another user */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    const folder = join(tmpdir(), `logistician-home-${process.getuid?.() ?? 0}`);
    if (isOwnFolder(folder)) return folder;
    throw new UserError(
      `HOME is not set, the system knows no home folder of user ${process.getuid?.()}, and ${folder} is not a folder of this user alone.`,
      ['export HOME=/a/folder/of/yours'],
    );
  }
}

function isOwnFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

/** A terminal whose size was never set reports 0 by 0: in expect, in docker exec, on a serial line. */
export function giveSize(stream: { isTTY?: boolean; columns?: number; rows?: number }): void {
  if (!stream.isTTY) return;
  stream.columns ||= 80;
  stream.rows ||= 24;
}

/** @throws UserError if the current folder was deleted */
function refuseDeletedFolder(): void {
  try {
    process.cwd();
  } catch {
    throw new UserError('The folder that you are in does not exist any more.', ['cd']);
  }
}

/** Node replaces bytes that are not UTF-8, and the job would get other characters. @throws UserError naming the word */
function refuseOtherBytes(words: readonly string[]): void {
  const changed = words.find((word) => word.includes('\ufffd'));
  if (changed === undefined || isUtf8()) return;
  throw new UserError(
    `This word is not UTF-8, and would reach the job changed: ${changed}`,
    ['locale charmap    # UTF-8 is what a terminal should send'],
    { exit: 2 },
  );
}

/** Whether all words of the command line are UTF-8. Only Linux gives their bytes. */
function isUtf8(): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(readFileSync('/proc/self/cmdline'));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Handles errors of our outputs. If standard error breaks (its reader is gone, or its disk is full), keep working: an
 * operation must not stop half way because its log is unread. An error of standard output is reported once; oclif
 * handles EPIPE there. */
function hearOfBrokenOutput(): void {
  const screen = new Screen(process.stderr, process.env);
  let broken: Error | null = null;
  process.stderr.on('error', (error) => {
    broken ??= error;
  });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || broken) return;
    broken = error;
    screen.write(`Error: The output could not be written: ${error.message}\n`);
  });
  process.on('exit', () => {
    if (broken) process.exitCode ||= 1;
  });
  // Node would print the source line of the error, which is the whole bundle.
  process.on('uncaughtException', (error) => {
    // oclif throws it again.
    if (error === broken) return;
    screen.write(`${harmless(error).stack ?? error.message}\n`);
    process.exit(1);
  });
}
