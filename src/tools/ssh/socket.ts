import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Command, command } from '../../shell/command.js';
import { duplex } from '../../shell/process.js';
import type { Route } from './route.js';

/** A way to the server's port: straight, or through what ssh itself makes of jumps and proxies. */
export function socketTo(route: Route): { stream: Duplex; complaints?: Promise<string> } {
  const way = wayThrough(route);
  return way ? duplex(way) : { stream: connect({ host: route.host, port: route.port, noDelay: true }) };
}

function wayThrough({ host, port, user, jump, proxyCommand, config }: Route): Command | null {
  if (jump) {
    const hops = jump.split(',');
    const last = hops.pop() ?? '';
    const before = hops.length > 0 ? ['-J', hops.join(',')] : [];
    const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const file = config ? ['-F', config] : [];
    return command('ssh', ...file, '-o', 'BatchMode=yes', ...before, '-W', target, ...hopWords(last));
  }
  if (!proxyCommand) return null;
  const tokens: Record<string, string> = { h: host, p: String(port), r: user, n: host, '%': '%' };
  return command(
    'sh',
    '-c',
    `exec ${proxyCommand.replaceAll(/%([hprn%])/g, (_, token) => tokens[token] ?? '')}`,
  );
}

/** `user@host:port` as words for ssh. */
function hopWords(hop: string): string[] {
  const [, before = '', port] = /^(.*?)(?::(\d+))?$/.exec(hop) ?? [];
  return [...(port ? ['-p', port] : []), '--', before.replace(/\[(.*)\]$/, '$1')];
}
