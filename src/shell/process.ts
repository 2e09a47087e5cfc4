import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { Duplex, type Readable } from 'node:stream';
import { type Command, revealArgv, revealEnv } from './command.js';
import { reveal } from './word.js';

/** How a process ended. `code` is 127 for a program that is not there, 128 + n for one ended by signal n. */
export interface Outcome {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a process's streams go. Left out: captured. */
export interface Io {
  /** `inherit`: the person's terminal is the process's own, its input too. */
  readonly terminal?: 'inherit';
  /** `inherit`: it reads what we would read. Left out: nothing. */
  readonly stdin?: 'inherit';
  /** Receives output as it comes instead of having it captured; no more of it comes before a promise is kept. */
  readonly onStdout?: (chunk: Buffer) => unknown;
  readonly onStderr?: (chunk: Buffer) => unknown;
  /** Ends the process with SIGTERM when it fires. */
  readonly signal?: AbortSignal;
  /** The process is in a session of its own: neither a Ctrl-C nor our own end reaches it. With its output in a file it
   *  goes on without us. What it writes is for its user alone. */
  readonly apart?: boolean;
  /** Is told the exit code at once, while what the process has left at work in the background, with descriptor 3 in
   *  hand, is still waited for. */
  readonly onExit?: (code: number) => void;
}

/** Runs the command, and those that feed it, to their end. Never throws for how a program ends. */
export async function perform(command: Command, io: Io): Promise<Outcome> {
  const { child, feeding } = start(command, io);
  const stdout = collect(child.stdout, io.onStdout);
  const stderr = collect(child.stderr, io.onStderr);
  const abort = () => child.kill('SIGTERM');
  if (!io.apart) io.signal?.addEventListener('abort', abort, { once: true });
  const [own, ...fed] = await Promise.all([ended(child, command), ...feeding]);
  io.signal?.removeEventListener('abort', abort);
  const failed = own.code === 0 ? fed.find((end) => end.code !== 0) : undefined;
  const end = failed ?? own;
  return {
    code: end.code,
    signal: end.signal,
    stdout: stdout(),
    stderr: [end.complaint, failed?.stderr, stderr()].filter(Boolean).join('\n'),
  };
}

interface End {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly complaint: string;
  readonly stderr: string;
}

function start(command: Command, io: Io): { child: ChildProcess; feeding: Promise<End>[] } {
  const [program = '', ...args] = revealArgv(command);
  const inherit = io.terminal === 'inherit';
  const file = command.output === undefined ? undefined : openSync(command.output, 'w', 0o600);
  const mask = io.apart ? process.umask(0o077) : null;
  const child = spawn(program, args, {
    env: { ...withoutHook(process.env), ...revealEnv(command) },
    stdio: [
      command.input ? 'pipe' : inherit ? 'inherit' : (io.stdin ?? 'ignore'),
      file ?? (inherit ? 'inherit' : 'pipe'),
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
  return { child, feeding: feed(child, command) };
}

/** The command's input and output as one stream, with what it complained of once it has ended. */
export function duplex(command: Command): { stream: Duplex; complaints: Promise<string> } {
  const [program = '', ...args] = revealArgv(command);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = collect(child.stderr);
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.on('close', () => child.kill());
  return { stream, complaints: ended(child, command).then((end) => end.complaint || said()) };
}

/** What git sets for its hooks names one repository, and would be taken for any other too. */
export const ofAHook: ReadonlySet<string> = new Set([
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_PREFIX',
  'GIT_OBJECT_DIRECTORY',
]);

const withoutHook = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !ofAHook.has(name)));

function feed(child: ChildProcess, { input }: Command): Promise<End>[] {
  if (!input || !child.stdin) return [];
  // A reader that ends early is judged by its exit code, not by the pipe that breaks behind it.
  child.stdin.on('error', () => {});
  if ('text' in input) {
    child.stdin.end(reveal(input.text));
    return [];
  }
  const source = start(input.from, {});
  const stderr = collect(source.child.stderr);
  source.child.stdout?.pipe(child.stdin);
  let unread = false;
  child.on('close', () => {
    unread = source.child.stdout?.readableEnded === false;
    source.child.stdout?.destroy();
  });
  // Nor is a program that a reader broke off: in a shell too, what the reader makes of it counts.
  const end = ended(source.child, input.from).then((how) =>
    unread ? { ...how, code: 0, signal: null, stderr: '' } : { ...how, stderr: stderr() },
  );
  return [end, ...source.feeding];
}

function ended(child: ChildProcess, command: Command): Promise<End> {
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ code: 127, signal: null, stderr: '', complaint: spawnComplaint(error, command) }),
    );
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 128 + signalNumber(signal), signal, stderr: '', complaint: '' }),
    );
  });
}

const spawnComplaint = (error: NodeJS.ErrnoException, command: Command) =>
  error.code === 'ENOENT'
    ? `${String(command.argv[0])}: no such program on the PATH`
    : `${String(command.argv[0])}: ${error.message}`;

const signalNumber = (signal: NodeJS.Signals | null) => (signal ? constants.signals[signal] : 0);

/** Hands what comes to the sink, or keeps it. @returns what was kept, once all has come */
export function collect(
  stream: NodeJS.ReadableStream | null,
  sink?: (chunk: Buffer) => unknown,
): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => {
    const taken = sink ? sink(chunk) : chunks.push(chunk);
    if (!(taken instanceof Promise)) return;
    stream.pause();
    void taken.then(() => stream.resume());
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
