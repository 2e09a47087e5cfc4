import pLimit, { type LimitFunction } from 'p-limit';
import type { Route } from './route.js';

/** The most concurrent handshakes, in all and through the same jump host: a server with more than its MaxStartups (by
 * default 10, sometimes 3) hangs up at random. */
const atOnce = { everywhere: 30, aGate: 4 };

const everywhere = pLimit(atOnce.everywhere);
const gates = new Map<string, LimitFunction>();

/** Makes a handshake with the machine when its turn has come. All deployments share the same jump hosts. */
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

/** Called when it hung up: this process then makes fewer handshakes at a time. Retrying at once would only block
 * others. */
export function turnedAway(way: Pick<Route, 'jump' | 'proxyCommand'>): void {
  const limit = gates.get(way.jump ?? way.proxyCommand ?? '');
  if (limit) limit.concurrency = Math.max(1, limit.concurrency - 1);
}

/** The most tries of a handshake with a server that hangs up. */
export const handshakeTries = 5;

/** Back-off in milliseconds after so many tries, with jitter, so that clients do not retry together.
 * @param random from 0 to 1 */
export const pauseAfter = (tries: number, random: number): number => 250 * 2 ** (tries - 1) * (0.5 + random);

/** Whether it is ssh's message about a server that hung up before it identified itself. */
export const saysHungUp = (complaint: string): boolean =>
  /(kex|ssh)_exchange_identification|Exceeded MaxStartups|Not allowed at this time/.test(complaint) &&
  !/Permission denied|verification failed|not resolve|refused|timed out|No route to host/.test(complaint);
