import { type Command, command, renderCommand } from '../shell/command.js';

/** How commands get to a machine: a command for there becomes a command for here. */
export interface Connection {
  /** What a person calls the machine. */
  readonly name: string;
  reach(there: Command): Command;
}

/** This computer: commands run as they are. */
export const here = (name: string): Connection => ({ name, reach: (there) => there });

/** A machine that `config` (an ssh_config file) names: OpenSSH carries the command's line, its input and output. */
export const overSsh = (config: string, name: string): Connection => ({
  name,
  reach: ({ input, ...there }) => ({
    ...command('ssh', '-F', config, name, '--', renderCommand(there)),
    ...(input && { input }),
  }),
});
