import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Command, command } from '../../shell/command.js';
import { duplex } from '../../shell/process.js';
import type { Route } from './route.js';
import { expanded, wayTokens } from './tokens.js';

/** A stream to the server's port: direct, or through jump hosts and proxies with ssh's own commands. */
export function socketTo(route: Route): { stream: Duplex; complaints?: Promise<string> } {
  const way = wayThrough(route);
  return way ? duplex(way) : { stream: connect({ host: route.host, port: route.port, noDelay: true }) };
}

function wayThrough(route: Route): Command | null {
  const { host, port, jump, proxyCommand, config } = route;
  const tokens = wayTokens(route);
  if (jump) {
    const hops = expanded(jump, tokens).split(',');
    const last = hops.pop() ?? '';
    const before = hops.length > 0 ? ['-J', hops.join(',')] : [];
    const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const file = config ? ['-F', config] : [];
    return command('ssh', ...file, '-o', 'BatchMode=yes', ...before, '-W', target, ...hopWords(last));
  }
  if (!proxyCommand) return null;
  return command('sh', '-c', `exec ${expanded(proxyCommand, tokens)}`);
}

/** `user@host:port` as words for ssh. */
function hopWords(hop: string): string[] {
  const [, before = '', port] = /^(.*?)(?::(\d+))?$/.exec(hop) ?? [];
  return [...(port ? ['-p', port] : []), '--', before.replace(/\[(.*)\]$/, '$1')];
}
