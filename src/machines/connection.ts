import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, command } from '../shell/command.js';
import type { CommandFailed } from '../shell/executor.js';
import { ofReads } from '../shell/limits.js';
import { type Io, type Outcome, perform } from '../shell/process.js';
import { reveal } from '../shell/word.js';
import { isHangUp } from '../tools/git/lines.js';
import { isConnectionLoss } from '../tools/rsync/lines.js';
import { handshakeTries, inTurn, pauseAfter, saysHungUp, turnedAway } from '../tools/ssh/gate.js';
import type { Access } from '../tools/ssh/handshake.js';
import { endingThere, lineFor, sshFailed, throughSsh } from '../tools/ssh/lines.js';
import type { SshPool } from '../tools/ssh/pool.js';
import { KeysRefused, Unreachable } from '../tools/ssh/unreachable.js';

/** How commands get to a machine. */
export interface Connection {
  /** What a person calls the machine. */
  readonly name: string;
  /** A command for there as a command for here: a change, to be printed and performed. */
  reach(there: Command): Command;
  /** Performs a command there that changes nothing, within the limits of reads or those of `io`.
   *  @throws Unreachable also if it breaks one of them, unless the machine is this computer */
  query(there: Command, io?: Io): Promise<Outcome>;
  /** Opens the connection that printed lines share, before the first of them, where many machines have one gate and must
   *  come to it by turns. Repeated, it does nothing. @throws Unreachable */
  ready(): Promise<void>;
}

/** This computer: commands run as they are. */
export const here = (name: string): Connection => ({
  name,
  reach: (there) => there,
  query: (there, io = {}) => perform(there, { ...ofReads, ...io }),
  ready: async () => {},
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
  const bySession = async (there: Command, io: Io): Promise<Outcome | null> => {
    try {
      // What it reads goes beside the line: no line may have more than 128 KiB.
      const { input: _, ...line } = endingThere(there, io);
      return await pool.session(access).exec(lineFor(line), { ...io, ...inputOf(there) });
    } catch (error) {
      // OpenSSH knows more ways to say who one is.
      if (!(error instanceof KeysRefused)) throw error;
      onlyOpenSsh = true;
      refused = error;
      return null;
    }
  };
  const byOpenSsh = async (there: Command, io: Io): Promise<Outcome> => {
    const outcome = await perform(throughSsh(readConfig(), name, endingThere(there, io)), io);
    if (outcome.code !== sshFailed) return outcome;
    throw refused && /Permission denied/.test(outcome.stderr) ? refused : unreachable(name, outcome.stderr);
  };
  return {
    name,
    reach,
    async query(there, io = {}) {
      const limited = { ...ofReads, ...io };
      const outcome =
        (onlyOpenSsh ? null : await bySession(there, limited)) ?? (await byOpenSsh(there, limited));
      const broken = limitBroken(name, outcome);
      if (broken) throw broken;
      return outcome;
    },
    ready: sharedConnection(config, access),
  };
}

/** A machine that a dry run would make: what is asked of it is answered with no. */
export const notYet = (config: string, name: string): Connection => ({
  name,
  reach: (there) => throughSsh(config, name, there),
  query: async () => ({ kind: 'exited', code: 1, signal: null, stdout: '', stderr: '' }),
  ready: async () => {},
});

/** Half of the time, in milliseconds, that a shared connection is kept while nothing goes by it (ControlPersist). */
const keptFor = 30_000;

/** Opens the connection that lines to the machine share, unless it was looked after a moment ago. */
function sharedConnection(config: string, { name, route }: Access): () => Promise<void> {
  if (!route.jump && !route.proxyCommand) return async () => {};
  let opened: Promise<void> | undefined;
  let at = 0;
  return () => {
    if (opened && Date.now() - at < keptFor) return opened;
    at = Date.now();
    opened = openShared(config, name, route);
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
}

async function openShared(config: string, name: string, route: Access['route']): Promise<void> {
  const line = command('ssh', '-F', config, name, '--', 'exit');
  for (let tries = 1; ; tries++) {
    const outcome = await inTurn(route, () => perform(line, ofReads));
    const { code, stderr } = outcome;
    const broken = limitBroken(name, outcome);
    if (broken) throw broken;
    if (code !== sshFailed) return;
    if (!saysHungUp(stderr) || tries === handshakeTries) throw unreachable(name, stderr);
    turnedAway(route);
    await sleep(pauseAfter(tries, Math.random()));
  }
}

/** What went wrong, in ssh's own words: their last line says it. A connection that is shared breaks off without. */
export function unreachable(name: string, stderr: string): Unreachable {
  const said = stderr.trim().split('\n').at(-1)?.trim().slice(0, 500).replace(/\.$/, '');
  return new Unreachable(name, said ? `cannot be reached: ${said}` : 'was cut off from here');
}

/** The machine did not answer in time, or does not stop to; null: it broke no limit. */
function limitBroken(name: string, { kind, beyond }: Outcome): Unreachable | null {
  if (kind === 'timeout') return new Unreachable(name, `did not answer ${beyond}`);
  return kind === 'too-much' ? new Unreachable(name, `sent ${beyond}`) : null;
}

/** What ssh, or what goes by it, failed with because of the connection; null: something else went wrong. */
export function connectionLoss(name: string, failed: CommandFailed): Unreachable | null {
  const { code, stderr } = failed.outcome;
  const carrier = carrierOf(failed.command);
  if (carrier === null) return null;
  const isLost = {
    ssh: code === sshFailed,
    rsync: isConnectionLoss(code),
    git: code === sshFailed || isHangUp(stderr),
  }[carrier];
  return limitBroken(name, failed.outcome) ?? (isLost ? unreachable(name, ofSsh(stderr)) : null);
}

/** The program by which the command goes to a machine; null: to none. */
function carrierOf({ argv, env = {} }: Command): 'ssh' | 'rsync' | 'git' | null {
  const [program] = argv;
  if (program === 'ssh' || program === 'rsync') return program;
  return program === 'git' && 'GIT_SSH_COMMAND' in env ? program : null;
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
