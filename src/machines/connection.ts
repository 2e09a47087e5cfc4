import { existsSync } from 'node:fs';
import type { Command } from '../shell/command.js';
import type { CommandFailed } from '../shell/executor.js';
import { type Io, type Outcome, perform } from '../shell/process.js';
import { reveal } from '../shell/word.js';
import { isHangUp } from '../tools/git/command-line.js';
import { isConnectionLoss } from '../tools/rsync/command-line.js';
import { lineFor, sshFailed, throughSsh } from '../tools/ssh/command-line.js';
import { KeysRefused, Unreachable } from '../tools/ssh/errors.js';
import type { Access } from '../tools/ssh/handshake.js';
import type { SshPool } from '../tools/ssh/pool.js';

/** How commands get to a machine. */
export interface Connection {
  /** What a person calls the machine. */
  readonly name: string;
  /** A command for there as a command for here: a change, to be printed and performed. */
  reach(there: Command): Command;
  /** Performs a command there that changes nothing. @throws Unreachable */
  query(there: Command, io?: Io): Promise<Outcome>;
}

/** This computer: commands run as they are. */
export const here = (name: string): Connection => ({
  name,
  reach: (there) => there,
  query: (there, io = {}) => perform(there, io),
});

/** A machine that an ssh_config names: changes go by OpenSSH's command line, reads by a session that is kept.
 *  @param readConfig an ssh_config for reads beyond that session, where the other may not be written yet */
export function overSsh(
  config: string,
  access: Access,
  pool: SshPool,
  readConfig = () => config,
): Connection {
  const { name, route } = access;
  const reach = (there: Command) => throughSsh(config, name, there);
  let onlyOpenSsh = needsOpenSsh(route.certificateFiles, route.identityFiles);
  let refused: KeysRefused | undefined;
  return {
    name,
    reach,
    async query(there, io = {}) {
      if (!onlyOpenSsh) {
        try {
          // What it reads goes beside the line: no line may have more than 128 KiB.
          const { input: _, ...line } = there;
          return await pool.session(access).exec(lineFor(line), { ...io, ...inputOf(there) });
        } catch (error) {
          // OpenSSH knows more ways to say who one is.
          if (!(error instanceof KeysRefused)) throw error;
          onlyOpenSsh = true;
          refused = error;
        }
      }
      const outcome = await perform(throughSsh(readConfig(), name, there), io);
      if (outcome.code === sshFailed)
        throw refused && /Permission denied/.test(outcome.stderr)
          ? refused
          : unreachable(name, outcome.stderr);
      return outcome;
    },
  };
}

/** A machine that a dry run would make: what is asked of it is answered with no. */
export const notYet = (config: string, name: string): Connection => ({
  name,
  reach: (there) => throughSsh(config, name, there),
  query: async () => ({ code: 1, signal: null, stdout: '', stderr: '' }),
});

/** What went wrong, in ssh's own words: their last line says it. A connection that is shared breaks off without. */
export function unreachable(name: string, stderr: string): Unreachable {
  const said = stderr.trim().split('\n').at(-1)?.replace(/\.$/, '');
  return new Unreachable(name, said ? `cannot be reached: ${said}` : 'was cut off from here');
}

/** What ssh, or what goes by it, failed with because of the connection; null: something else went wrong. */
export function connectionLoss(name: string, { line, outcome }: CommandFailed): Unreachable | null {
  const { code, stderr } = outcome;
  if (code === sshFailed) return unreachable(name, ofSsh(stderr));
  const ofRsync = /^(printf %s .*\| )?rsync /s.test(line) && isConnectionLoss(code);
  const ofGit = line.startsWith('GIT_SSH_COMMAND=') && isHangUp(stderr);
  return ofRsync || ofGit ? unreachable(name, ofSsh(stderr)) : null;
}

/** Without what rsync and git made of it. */
const ofSsh = (stderr: string): string =>
  stderr
    .split('\n')
    .filter(
      (line) =>
        !/^(rsync|fatal|send-pack|error|client_loop|Please make sure|and the repository)\b/.test(line),
    )
    .join('\n');

/** Certificates are beyond the library that reads go by. */
const needsOpenSsh = (certificates: readonly string[], identities: readonly string[]): boolean =>
  certificates.some((file) => existsSync(file)) || identities.some((file) => existsSync(`${file}-cert.pub`));

const inputOf = ({ input }: Command) => (input && 'text' in input ? { input: reveal(input.text) } : {});
