import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Duplex, type Readable } from 'node:stream';
import { type Command, revealArgv, revealEnv } from './command.js';
import { endAll } from './end-all.js';
import { type End, ended, signalNumber } from './ended.js';
import { type Breach, beyond, type Limits, Watch } from './limits.js';
import { reveal } from './word.js';

/** How a process ended. `code` is 127 for a program that could not be started, 128 + n for one ended by signal n, and
 * 124 for one that exceeded a limit. */
export interface Outcome {
  readonly kind: 'exited' | 'signalled' | 'spawn-failed' | Breach;
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The exceeded limit, to follow "did not answer" or "sent". */
  readonly beyond?: string;
}

/** The streams of a process (default: captured), and its limits (default: no timeout, at most 16 MiB captured). */
export interface Io extends Limits {
  /** `inherit`: the process uses the user's terminal, for input, too. */
  readonly terminal?: 'inherit';
  /** `inherit`: our standard input; `ignore`: none, the default without a terminal. */
  readonly stdin?: 'inherit' | 'ignore';
  /** `inherit`: our standard output gets the bytes as they are. */
  readonly stdout?: 'inherit';
  /** Receives output as it comes, instead of capturing it; no more is read until its promise resolves. */
  readonly onStdout?: (chunk: Buffer) => unknown;
  readonly onStderr?: (chunk: Buffer) => unknown;
  /** Ends the process with SIGTERM when it fires. */
  readonly signal?: AbortSignal;
  /** The process is in a session of its own: neither a Ctrl-C nor our own end reaches it. With its output in a file it
   * keeps running without us. Files that it writes are readable by its user only. */
  readonly apart?: boolean;
  /** Receives the exit code at once, while we still wait for background processes that hold descriptor 3. */
  readonly onExit?: (code: number) => void;
}

/** Runs the command, and those that feed it, until they end or exceed a limit: then they are killed, with all
 * descendants. Never throws because of a program's end. */
export async function perform(command: Command, io: Io): Promise<Outcome> {
  const { child, feeding, all } = start(command, io);
  const { watch, breach } = watchOver(io);
  const stdout = watch.take(child.stdout, io.onStdout);
  const stderr = watch.take(child.stderr, io.onStderr);
  const abort = () => child.kill('SIGTERM');
  if (!io.apart) io.signal?.addEventListener('abort', abort, { once: true });
  const ends = await Promise.race([Promise.all([ended(child, command), ...feeding]), breach]);
  watch.end();
  io.signal?.removeEventListener('abort', abort);
  if (typeof ends === 'string') {
    await endAll(all);
    return { ...brokenOff(ends, watch), stdout: stdout(), stderr: stderr() };
  }
  const [own, ...fed] = ends;
  const failed = own.code === 0 ? fed.find((end) => end.code !== 0) : undefined;
  const { kind, code, signal, complaint } = failed ?? own;
  const said = [complaint, failed?.stderr, stderr()].filter(Boolean).join('\n');
  return { kind, code, signal, stdout: stdout(), stderr: said };
}

/** A watch, and a promise of the limit that is exceeded. */
export function watchOver(limits: Limits): { watch: Watch; breach: Promise<Breach> } {
  let told: (breach: Breach) => void = () => {};
  const breach = new Promise<Breach>((resolve) => {
    told = resolve;
  });
  return { watch: new Watch(limits, (broken) => told(broken)), breach };
}

/** The end of a command that exceeded a limit. */
export const brokenOff = (kind: Breach, { limits }: Watch) => ({
  kind,
  code: 124,
  signal: null,
  beyond: beyond(kind, limits),
});

/** The end of a process that feeds another one, and its error output. */
type Fed = End & { readonly stderr: string };

interface Started {
  readonly child: ChildProcess;
  readonly feeding: Promise<Fed>[];
  /** The process, and those that feed it. */
  readonly all: readonly ChildProcess[];
}

function start(command: Command, io: Io): Started {
  const [program = '', ...args] = revealArgv(command);
  const inherit = io.terminal === 'inherit';
  const file = command.output === undefined ? undefined : openSync(command.output, 'w', 0o600);
  const mask = io.apart ? process.umask(0o077) : null;
  const child = spawn(program, args, {
    env: { ...environmentOf(program), ...revealEnv(command) },
    stdio: [
      command.input ? 'pipe' : (io.stdin ?? (inherit ? 'inherit' : 'ignore')),
      file ?? io.stdout ?? (inherit ? 'inherit' : 'pipe'),
      command.errors === 'output' && file !== undefined ? file : inherit ? 'inherit' : 'pipe',
      ...(io.onExit ? (['pipe'] as const) : []),
    ],
    detached: io.apart === true,
  });
  if (mask !== null) process.umask(mask);
  if (io.onExit) {
    const { onExit } = io;
    (child.stdio[3] as Readable).resume();
    child.on('exit', (code, signal) => onExit(code ?? 128 + signalNumber(signal)));
  }
  if (file !== undefined) closeSync(file);
  const { feeding, feeders } = feed(child, command);
  return { child, feeding, all: [child, ...feeders] };
}

/** The most error output of a proxy, in bytes. */
const complaintBytes = 65_536;

/** The command's input and output as one stream, and its error output once it has ended. */
export function duplex(command: Command): { stream: Duplex; complaints: Promise<string> } {
  const [program = '', ...args] = revealArgv(command);
  const child = spawn(program, args, { env: environmentOf(program), stdio: ['pipe', 'pipe', 'pipe'] });
  const said = new Watch({ maxBytes: complaintBytes }, () => child.kill()).take(child.stderr);
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.on('close', () => child.kill());
  return { stream, complaints: ended(child, command).then((end) => end.complaint || said()) };
}

/** Variables that git sets for hooks: they name one repository, and would apply to every other one, too. */
export const ofAHook: ReadonlySet<string> = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_OBJECT_DIRECTORY',
]);

const withoutHook = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !ofAHook.has(name)));

/** Programs whose messages we parse: they get the C locale for English messages, in the user's encoding. The
 * environment of others, such as docker, may reach a job. */
const knownByWords: ReadonlySet<string> = new Set(['git', 'ssh', 'ssh-keygen', 'rsync']);

const environmentOf = (program: string): NodeJS.ProcessEnv => {
  const env = withoutHook(process.env);
  if (!knownByWords.has(program)) return env;
  const encoding = env.LC_ALL || env.LC_CTYPE || env.LANG;
  const others = Object.entries(env).filter(([name]) => !/^(LC_.*|LANG|LANGUAGE)$/.test(name));
  return { ...Object.fromEntries(others), LANG: 'C', ...(encoding && { LC_CTYPE: encoding }) };
};

function feed(
  child: ChildProcess,
  { input }: Command,
): { feeding: Promise<Fed>[]; feeders: readonly ChildProcess[] } {
  if (!input || !child.stdin) return { feeding: [], feeders: [] };
  // A reader that ends early is judged by its exit code, not by the broken pipe.
  child.stdin.on('error', () => {});
  if ('text' in input) {
    child.stdin.end(reveal(input.text));
    return { feeding: [], feeders: [] };
  }
  const source = start(input.from, {});
  // Error output beyond the limit is dropped; the exit code decides.
  const stderr = new Watch({}, () => {}).take(source.child.stderr);
  source.child.stdout?.pipe(child.stdin);
  let unread = false;
  child.on('close', () => {
    unread = source.child.stdout?.readableEnded === false;
    source.child.stdout?.destroy();
  });
  // A program that its reader cut off has not failed: as in a shell, the reader's exit code counts.
  const end = ended(source.child, input.from).then(
    (how): Fed =>
      unread ? { ...how, kind: 'exited', code: 0, signal: null, stderr: '' } : { ...how, stderr: stderr() },
  );
  return { feeding: [end, ...source.feeding], feeders: source.all };
}
