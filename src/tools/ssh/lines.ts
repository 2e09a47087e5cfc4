import { type Command, command, renderCommandForAnyShell } from '../../shell/command.js';
import type { Io } from '../../shell/process.js';

/** Extra time of the remote timeout, so that ours ends the command first, in seconds. */
const later = 5;

const limited = ['timeout', '-k', '5'];

/** `timeout` is not in POSIX, and older versions have other options. */
const ifPossible = `if timeout -k 1 1 true 2>/dev/null; then exec ${limited.join(' ')} "$@"; fi; shift; exec "$@"`;

/** A read with a timeout on the machine, too: a process there does not notice when our side is gone.
 * @param hasTimeout whether the machine is known to have a `timeout` with `-k`: to find out starts three programs */
export function endingThere(
  there: Command,
  { timeoutMs = Infinity, onStdout, onStderr }: Io,
  hasTimeout: boolean,
): Command {
  if (!Number.isFinite(timeoutMs) || onStdout || onStderr) return there;
  const seconds = String(Math.ceil(timeoutMs / 1000) + later);
  const before = hasTimeout ? limited : ['sh', '-c', ifPossible, 'sh'];
  return { ...there, argv: [...before, seconds, ...there.argv] };
}

/** The command on a machine that `config` (an ssh_config file) names, through OpenSSH with its input and output. */
export const throughSsh = (config: string, machine: string, { input, ...there }: Command): Command => ({
  ...command('ssh', '-F', config, machine, '--', lineFor(there)),
  ...(input && { input }),
});

/** A line that any login shell parses the same way. */
export const lineFor = renderCommandForAnyShell;

/** ssh's own exit code if it could not reach the machine, or lost it (ssh(1), EXIT STATUS). */
export const sshFailed = 255;

/** An interactive session: a shell on the machine, or one command, with or without a terminal. */
export const interactive = (config: string, machine: string, there: Command | null, tty: boolean): Command =>
  command(
    ...['ssh', '-F', config, ...(tty ? ['-t'] : []), machine],
    ...(there ? ['--', lineFor(there)] : []),
  );
