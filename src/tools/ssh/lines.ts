import { type Command, command, renderCommandForAnyShell } from '../../shell/command.js';
import type { Io } from '../../shell/process.js';

/** Time for a command to be ended from here first, in seconds. */
const later = 5;

/** `timeout` is no part of POSIX, and older ones have other options. */
const withinTime = 'if timeout -k 1 1 true 2>/dev/null; then exec timeout -k 5 "$@"; fi; shift; exec "$@"';

/** A read that is ended there, too, when its time is over: a server tells a process nothing when our half has gone. */
export function endingThere(there: Command, { timeoutMs = Infinity, onStdout, onStderr }: Io): Command {
  if (!Number.isFinite(timeoutMs) || onStdout || onStderr) return there;
  const seconds = String(Math.ceil(timeoutMs / 1000) + later);
  return { ...there, argv: ['sh', '-c', withinTime, 'sh', seconds, ...there.argv] };
}

/** The command on a machine that `config` (an ssh_config file) names: OpenSSH carries its line, input and output. */
export const throughSsh = (config: string, machine: string, { input, ...there }: Command): Command => ({
  ...command('ssh', '-F', config, machine, '--', lineFor(there)),
  ...(input && { input }),
});

/** A line that the machine's login shell takes, whichever it is. */
export const lineFor = renderCommandForAnyShell;

/** ssh's own exit code where it could not reach the machine, or lost it (ssh(1), EXIT STATUS). */
export const sshFailed = 255;

/** A person's own session: a shell of the machine, or one command there, with or without a terminal. */
export const interactive = (config: string, machine: string, there: Command | null, tty: boolean): Command =>
  command(
    ...['ssh', '-F', config, ...(tty ? ['-t'] : []), machine],
    ...(there ? ['--', lineFor(there)] : []),
  );
