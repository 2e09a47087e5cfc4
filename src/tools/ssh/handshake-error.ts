import { pasteable } from '../../shell/word.js';
import { connectSeconds } from './config-file.js';
import { saysHungUp } from './gate.js';
import type { Route } from './route.js';
import { HungUp, KeysRefused, lastSaid, NoSession, Unreachable } from './unreachable.js';

/** An error of ssh2, a socket or a stream. */
export type HandshakeError = Error & { readonly level?: string; readonly code?: string };

/** The progress of a handshake. */
interface Progress {
  /** Whether the server has identified itself. */
  readonly isGreeted: boolean;
  /** Error output of a jump or proxy command. */
  readonly said: string;
}

/** Why a handshake failed, for users. */
export function reasonOf(name: string, route: Route, error: HandshakeError, progress: Progress): Unreachable {
  const place = `${route.host}:${route.port}`;
  if (error.level === 'client-authentication')
    return new KeysRefused(name, `refuses our keys for user ${route.user}`, [copyKey(route)]);
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
            `hangs up at ${place}: it may have too many connections (MaxStartups in its sshd_config)`,
          )
        : new NoSession(name, `broke off at ${place}: ${error.message}`);
  }
}

/** The line that gives the machine our own key. It uses the machine's name in ssh_config, and its jump hosts. */
function copyKey({ typed, user, port, jump }: Route): string {
  const way =
    (port === 22 ? '' : `-p ${port} `) + (jump === null ? '' : pasteable`-o ${`ProxyJump=${jump}`} `);
  return `ssh-copy-id -i ~/.logistician/ssh-key.pub ${way}${pasteable`${`${user}@${typed}`}`}`;
}

function throughFailed(name: string, through: string, { isGreeted, said }: Progress): Unreachable {
  const last = lastSaid(said);
  const why = `cannot be reached through ${through}${last ? `: ${last}` : ''}`;
  const isHungUp = last === undefined || saysHungUp(said);
  return isHungUp && !isGreeted ? new HungUp(name, why) : new Unreachable(name, why);
}

/** Whether the stream was cut, rather than the server refusing. */
const isCut = ({ code = '', message }: HandshakeError): boolean =>
  ['ECLOSED', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code) ||
  message === 'Connection lost before handshake';
