import { connectSeconds } from './config-file.js';
import { saysHungUp } from './gate.js';
import type { Route } from './route.js';
import { HungUp, KeysRefused, Unreachable } from './unreachable.js';

/** What ssh2, a socket or a stream throws. */
export type HandshakeError = Error & { readonly level?: string; readonly code?: string };

/** How far a handshake came. */
interface Progress {
  /** The server has said who it is. */
  readonly isGreeted: boolean;
  /** What stands on the way to the machine complained of this. */
  readonly said: string;
}

/** Why a handshake came to nothing, in words for people. */
export function reasonOf(name: string, route: Route, error: HandshakeError, progress: Progress): Unreachable {
  const place = `${route.host}:${route.port}`;
  if (error.level === 'client-authentication')
    return new KeysRefused(name, `refuses our keys for user ${route.user}`, [
      `ssh-copy-id -i ~/.logistician/ssh-key.pub ${route.port === 22 ? '' : `-p ${route.port} `}${route.user}@${route.host}`,
    ]);
  const through = route.jump ?? route.proxyCommand;
  if (through && isCut(error)) return throughFailed(name, through, progress);
  if (error.level === 'client-timeout' || error.code === 'ETIMEDOUT')
    return new Unreachable(name, `did not answer at ${place} within ${connectSeconds} s`);
  switch (error.code) {
    case 'ECONNREFUSED':
      return new Unreachable(name, `refuses connections at ${place}: is its SSH server running?`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Unreachable(name, `cannot be found: there is no address for the name ${route.host}`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new Unreachable(name, `has no route from here to ${place}`);
    default:
      return isCut(error) && !progress.isGreeted
        ? new HungUp(
            name,
            `hangs up at ${place}: it may have too many callers (MaxStartups in its sshd_config)`,
          )
        : new Unreachable(name, `broke off at ${place}: ${error.message}`);
  }
}

/** Of what stands on the way, the last line says it; ssh's very last may be about itself alone. */
function throughFailed(name: string, through: string, { isGreeted, said }: Progress): Unreachable {
  const lines = said
    .split(/[\r\n]+/)
    .map((line) => line.trim().slice(0, 500))
    .filter((line) => line && !/^(Killed by signal|Connection closed by UNKNOWN)/.test(line));
  const last = lines.at(-1);
  const why = `cannot be reached through ${through}${last ? `: ${last}` : ''}`;
  const isHungUp = last === undefined || saysHungUp(said);
  return isHungUp && !isGreeted ? new HungUp(name, why) : new Unreachable(name, why);
}

/** The stream ended: it was not the server who said no. */
const isCut = ({ code = '', message }: HandshakeError): boolean =>
  ['ECLOSED', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code) ||
  message === 'Connection lost before handshake';
