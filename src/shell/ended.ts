import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from './command.js';

/** The end of a process. */
export interface End {
  readonly kind: 'exited' | 'signalled' | 'spawn-failed';
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started; empty: it was started. */
  readonly complaint: string;
}

export function ended(child: ChildProcess, command: Command): Promise<End> {
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve({
        kind: 'spawn-failed',
        code: 127,
        signal: null,
        complaint: spawnComplaint(error, command),
      }),
    );
    child.on('close', (code, signal) =>
      resolve({
        kind: signal ? 'signalled' : 'exited',
        code: code ?? 128 + signalNumber(signal),
        signal,
        complaint: '',
      }),
    );
  });
}

const spawnComplaint = (error: NodeJS.ErrnoException, command: Command) =>
  error.code === 'ENOENT'
    ? `${String(command.argv[0])}: no such program on the PATH`
    : `${String(command.argv[0])}: ${error.message}`;

export const signalNumber = (signal: NodeJS.Signals | null) => (signal ? constants.signals[signal] : 0);
