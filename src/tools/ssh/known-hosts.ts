import { createHash } from 'node:crypto';
import { command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';

/** A server's public key: its type, and the key in base64. */
export interface HostKey {
  readonly type: string;
  readonly key: string;
}

/** Parses the wire format (RFC 4253, 6.6), which begins with the length of the type and the type. */
export function hostKeyOf(blob: Buffer): HostKey {
  return { type: blob.subarray(4, 4 + blob.readUInt32BE(0)).toString(), key: blob.toString('base64') };
}

/** In the format of `ssh-keygen -l`. */
export const fingerprint = ({ key }: HostKey): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`;

export const sameKey = (one: HostKey, other: HostKey): boolean => one.key === other.key;

/** Lines of a known_hosts file, one per key, in a fixed order. */
export const knownHostsText = (known: ReadonlyMap<string, readonly HostKey[]>): string =>
  [...known]
    .flatMap(([name, keys]) => keys.map(({ type, key }) => `${name} ${type} ${key}\n`))
    .sort()
    .join('');

/** Parses a known_hosts file of ours, in which each line names one machine, not hashed. */
export function parseKnownHosts(text: string): Map<string, HostKey[]> {
  const known = new Map<string, HostKey[]>();
  for (const line of text.split('\n')) {
    const [name, type, key] = line.split(' ');
    if (name && type && key) known.set(name, [...(known.get(name) ?? []), { type, key }]);
  }
  return known;
}

/** The entries for a server in the files: accepted keys, revoked keys, whether certificate authorities apply, and which
 * files contain them. */
export async function findHostKeys(
  executor: Executor,
  name: string,
  files: readonly string[],
): Promise<{ good: HostKey[]; revoked: HostKey[]; isCertified: boolean; files: string[] }> {
  const found = await Promise.all(
    files.map((file) => executor.query(command('ssh-keygen', '-F', name, '-f', file))),
  );
  const lines = found.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line && line[0] !== '#');
  const keys = lines.map((line) => {
    const words = line.split(' ');
    const marker = words[0]?.startsWith('@') ? words.shift() : null;
    return { marker, type: words[1] ?? '', key: words[2] ?? '' };
  });
  const only = (wanted: string | null) =>
    keys.filter(({ marker }) => marker === wanted).map(({ type, key }) => ({ type, key }));
  const saying = files.filter((_, place) => found[place]?.stdout.trim());
  const isCertified = only('@cert-authority').length > 0;
  return { good: only(null), revoked: only('@revoked'), isCertified, files: saying };
}
