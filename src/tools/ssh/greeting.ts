import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import type { Outcome } from '../../shell/process.js';
import { connectSeconds } from './config-file.js';
import { inTurn } from './gate.js';
import { signaturesOf } from './handshake.js';
import { fingerprint, type HostKey, parseKnownHosts } from './known-hosts.js';
import { byHand, type Route } from './route.js';
import { unreachable } from './unreachable.js';

// A greeting is a connection through ssh, with the user's own configuration, that ends once the server has shown its
// host key: no user key is offered, and no command is sent.

type Asked = Parameters<typeof byHand>;

/** The machine's host key as ssh sees it, if the library for reads cannot get it.
 * @param types of its known keys; empty: none. @throws Unreachable with ssh's message */
export async function askHostKeyBySsh(
  executor: Executor,
  name: string,
  route: Route,
  types: readonly string[],
  ...to: Asked
): Promise<HostKey> {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  try {
    const file = join(folder, 'known_hosts');
    const { stderr } = await greet(executor, route, to, [
      'StrictHostKeyChecking=accept-new',
      `UserKnownHostsFile="${file}"`,
      'GlobalKnownHostsFile=none',
      'HostKeyAlias=machine',
      'HashKnownHosts=no',
      'UpdateHostKeys=no',
      ...(types.length > 0 ? [`HostKeyAlgorithms=${types.flatMap(signaturesOf).join(',')}`] : []),
      // Older versions of ssh know neither option.
      ...(route.asksForKeys ? ['KnownHostsCommand=none', 'VerifyHostKeyDNS=no'] : []),
    ]);
    const [shown] = parseKnownHosts(textOf(file)).get('machine') ?? [];
    if (!shown) throw unreachable(name, stderr);
    return shown;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether ssh itself accepts the key as the machine's: by a host certificate, a KnownHostsCommand or DNS. */
export async function isKnownToSsh(
  executor: Executor,
  route: Route,
  key: HostKey,
  ...to: Asked
): Promise<boolean> {
  const { stderr } = await greet(executor, route, to, ['StrictHostKeyChecking=yes', 'LogLevel=DEBUG1']);
  return tookKey(stderr, fingerprint(key));
}

/** Whether ssh reported this key of the server and continued. Messages about jump hosts come before. */
export function tookKey(said: string, print: string): boolean {
  const lines = said.split(/[\r\n]+/);
  const shown = lines.findLastIndex((line) => /^debug1: Server host (key|certificate): /.test(line));
  return (
    lines[shown]?.split(/[ ,]/).includes(print) === true &&
    lines.slice(shown).some((line) => line.startsWith('debug1: SSH2_MSG_NEWKEYS sent'))
  );
}

function greet(executor: Executor, route: Route, to: Asked, settings: readonly string[]): Promise<Outcome> {
  const all = [
    ...settings,
    'BatchMode=yes',
    'PreferredAuthentications=none',
    `ConnectTimeout=${connectSeconds}`,
    'ControlMaster=no',
    'ControlPath=none',
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'RemoteCommand=none',
  ];
  const line: Command = byHand(...to);
  const [program = 'ssh', ...words] = line.argv;
  const options = all.flatMap((setting) => ['-o', setting]);
  return inTurn(route, () => executor.query({ ...line, argv: [program, ...options, ...words] }));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
