import { existsSync } from 'node:fs';
import type { Command } from '../shell/command.js';
import { type Io, type Outcome, perform } from '../shell/process.js';
import { reveal } from '../shell/word.js';
import { lineFor, sshFailed, throughSsh } from '../tools/ssh/command-line.js';
import { KeysRefused, Unreachable } from '../tools/ssh/errors.js';
import type { SshPool } from '../tools/ssh/pool.js';
import type { Access } from '../tools/ssh/session.js';

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
          return await pool.session(access).exec(lineFor(there), { ...io, ...inputOf(there) });
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

/** What went wrong, in ssh's own words: their last line says it. */
export const unreachable = (name: string, stderr: string): Unreachable =>
  new Unreachable(
    name,
    `cannot be reached: ${stderr.trim().split('\n').at(-1)?.replace(/\.$/, '') || 'ssh does not say why'}`,
  );

/** Certificates are beyond the library that reads go by. */
const needsOpenSsh = (certificates: readonly string[], identities: readonly string[]): boolean =>
  certificates.some((file) => existsSync(file)) || identities.some((file) => existsSync(`${file}-cert.pub`));

const inputOf = ({ input }: Command) => (input && 'text' in input ? { input: reveal(input.text) } : {});
