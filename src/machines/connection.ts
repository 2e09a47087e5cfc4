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
import type { Route } from '../tools/ssh/route.js';
import { HungUp, KeysRefused, NoSession, Unreachable, unreachable } from '../tools/ssh/unreachable.js';

/** Runs commands on a machine. */
export interface Connection {
  /** The machine's name, for users. */
  readonly name: string;
  /** Turns a command for the machine into one for this computer, to be printed and performed as a change. */
  reach(there: Command): Command;
  /** Performs a command there that changes nothing, with the limits of reads or those of `io`. @throws Unreachable,
   * also if it exceeds a limit, unless the machine is this computer */
  query(there: Command, io?: Io): Promise<Outcome>;
  /** Opens the connection that printed lines share, before the first of them: if many machines are behind one jump
   * host, they connect by turns. Repeated, it does nothing. @throws Unreachable */
  ready(): Promise<void>;
  /** Leaves the shared connection, which keeps the groups that the user had when it was opened, to those that use it. */
  renew(): Promise<void>;
}

/** This computer: commands run as they are. */
export const here = (name: string): Connection => ({
  name,
  reach: (there) => there,
  query: (there, io = {}) => perform(there, { ...ofReads, ...io }),
  ready: async () => {},
  renew: async () => {},
});

/** A machine that an ssh_config names: changes go through OpenSSH's command line, reads through a session that is kept
 * open.
 * @param readConfig an ssh_config for reads outside of that session, when the other may not be written yet
 * @param hasTimeout whether the machine is known to have a `timeout` with `-k` */
export function overSsh(
  config: string,
  access: Access,
  pool: SshPool,
  { readConfig = () => config, hasTimeout = false } = {},
): Connection {
  const { name, route } = access;
  const reach = (there: Command) => throughSsh(config, name, there);
  let onlyOpenSsh = needsOpenSsh(route);
  let failed: NoSession | undefined;
  const readReady = sharedConnection(readConfig, access);
  const bySession = async (there: Command, io: Io): Promise<Outcome | null> => {
    try {
      // Its input goes by standard input: a command line may have at most 128 KiB.
      const { input: _, ...line } = endingThere(there, io, hasTimeout);
      return await pool.session(access).exec(lineFor(line), { ...io, ...inputOf(there) });
    } catch (error) {
      // Fall back to OpenSSH for what the library cannot do.
      if (!(error instanceof NoSession)) throw error;
      failed = error;
      // A server that hung up may accept the library next time.
      onlyOpenSsh = !(error instanceof HungUp);
      return null;
    }
  };
  const byOpenSsh = async (there: Command, io: Io): Promise<Outcome> => {
    await readReady();
    const line = throughSsh(readConfig(), name, endingThere(there, io, hasTimeout));
    const outcome = await perform(line, io);
    if (outcome.code !== sshFailed) return outcome;
    throw isSame(failed, outcome.stderr) ? failed : unreachable(name, outcome.stderr);
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
    ready: sharedConnection(() => config, access),
    async renew() {
      await perform(command('ssh', '-F', readConfig(), '-O', 'stop', name), ofReads);
    },
  };
}

/** A machine that a dry run would create: every query fails. */
export const notYet = (config: string, name: string): Connection => ({
  name,
  reach: (there) => throughSsh(config, name, there),
  query: async () => ({ kind: 'exited', code: 1, signal: null, stdout: '', stderr: '' }),
  ready: async () => {},
  renew: async () => {},
});

/** Half of the time, in milliseconds, that an idle shared connection is kept (ControlPersist). */
const keptFor = 30_000;

/** Opens the shared connection, unless it was opened or checked a moment ago. */
function sharedConnection(config: () => string, { name, route }: Access): () => Promise<void> {
  if (!route.jump && !route.proxyCommand) return async () => {};
  let opened: Promise<void> | undefined;
  let at = 0;
  return () => {
    if (opened && Date.now() - at < keptFor) return opened;
    at = Date.now();
    opened = openShared(config(), name, route);
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

/** The error for an exceeded limit (time, or amount of output); null: none was exceeded. */
function limitBroken(name: string, { kind, beyond }: Outcome): Unreachable | null {
  if (kind === 'timeout') return new Unreachable(name, `did not answer ${beyond}`);
  return kind === 'too-much' ? new Unreachable(name, `sent ${beyond}`) : null;
}

/** The error if ssh, or a program over it, failed because of the connection; null: another error. */
export function connectionLoss(name: string, failed: CommandFailed): Unreachable | null {
  const { code, stderr } = failed.outcome;
  const carrier = carrierOf(failed.command);
  if (carrier === null) return null;
  const isLost = {
    ssh: code === sshFailed,
    rsync: isConnectionLoss(code, stderr),
    git: code === sshFailed || isHangUp(stderr),
  }[carrier];
  return limitBroken(name, failed.outcome) ?? (isLost ? unreachable(name, ofSsh(stderr)) : null);
}

/** The program through which the command reaches a machine; null: it does not. */
function carrierOf({ argv, env = {} }: Command): 'ssh' | 'rsync' | 'git' | null {
  const [program] = argv;
  if (program === 'ssh' || program === 'rsync') return program;
  return program === 'git' && 'GIT_SSH_COMMAND' in env ? program : null;
}

/** ssh's own message, without the lines that rsync and git add. */
const ofSsh = (stderr: string): string =>
  stderr
    .split('\n')
    .filter(
      (line) =>
        !/^(rsync|openrsync|fatal|send-pack|error|client_loop|Please make sure|and the repository)\b/.test(
          line,
        ),
    )
    .join('\n');

/** The library for reads does not support certificates and some settings. */
const needsOpenSsh = ({ certificateFiles, identityFiles, needsSsh = false }: Route): boolean =>
  needsSsh ||
  certificateFiles.some((file) => existsSync(file)) ||
  identityFiles.some((file) => existsSync(`${file}-cert.pub`));

/** Whether ssh failed for the same reason as the library, whose error has our own text. */
const isSame = (failed: NoSession | undefined, stderr: string): failed is NoSession =>
  failed instanceof HungUp || (failed instanceof KeysRefused && /Permission denied/.test(stderr));

const inputOf = ({ input }: Command) => (input && 'text' in input ? { input: reveal(input.text) } : {});
