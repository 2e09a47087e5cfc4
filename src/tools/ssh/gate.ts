import pLimit, { type LimitFunction } from 'p-limit';
import type { Route } from './route.js';

/** How many handshakes are made at once, and how many of them through the same gate: a server that hears more of them than
 *  MaxStartups says in its sshd_config (10 from the beginning on, here and there 3) hangs up at random. */
const atOnce = { everywhere: 30, aGate: 4 };

const everywhere = pLimit(atOnce.everywhere);
const gates = new Map<string, LimitFunction>();

/** Makes a handshake with the machine when its turn has come. The ways of all deployments lead through the same gates. */
export function inTurn<T>(
  way: Pick<Route, 'jump' | 'proxyCommand'>,
  handshake: () => Promise<T>,
): Promise<T> {
  const gate = way.jump ?? way.proxyCommand;
  if (!gate) return everywhere(handshake);
  const limit = gates.get(gate) ?? pLimit(atOnce.aGate);
  gates.set(gate, limit);
  return limit(() => everywhere(handshake));
}

/** It hung up: from now on fewer come at the same time, for as long as this process is there. To come again and again would
 *  only keep others out. */
export function turnedAway(way: Pick<Route, 'jump' | 'proxyCommand'>): void {
  const limit = gates.get(way.jump ?? way.proxyCommand ?? '');
  if (limit) limit.concurrency = Math.max(1, limit.concurrency - 1);
}

/** How often a handshake is begun with a server that hangs up. */
export const handshakeTries = 5;

/** Milliseconds until the next try, after so many. Those who were turned away together do not come back together.
 *  @param random from 0 to 1 */
export const pauseAfter = (tries: number, random: number): number => 250 * 2 ** (tries - 1) * (0.5 + random);

/** What ssh says when the other side hung up before it had said who it is. */
export const saysHungUp = (complaint: string): boolean =>
  /(kex|ssh)_exchange_identification|Exceeded MaxStartups|Not allowed at this time/.test(complaint) &&
  !/Permission denied|verification failed|not resolve|refused|timed out|No route to host/.test(complaint);
