import { type Command, command, renderCommandForAnyShell } from '../../shell/command.js';

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
