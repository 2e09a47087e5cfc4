import { type ED25519KeyPairOptions, generateKeyPairSync, randomBytes } from 'node:crypto';
import { Secret } from '../../shell/word.js';
import { type HostKey, hostKeyOf } from './known-hosts.js';

/** The host key of a future SSH server. */
export interface NewHostKey {
  /** For known_hosts. */
  readonly known: HostKey;
  /** The key file for sshd. */
  readonly file: Secret;
}

const type = 'ssh-ed25519';

/** The generator's encoding: each half of the key is at the end of its description (RFC 8410). Do not export it from a
 * key object: in Node 20 that can deadlock with garbage collection. */
const encoding: ED25519KeyPairOptions<'der', 'der'> = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
};

/** Generates a host key. Not with ssh2, whose generator drops leading zeros, so that sshd rejects one key in 128. */
export function newHostKey(): NewHostKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', encoding);
  const half = (key: Buffer) => key.subarray(-32);
  const publicBlob = Buffer.concat([string(type), string(half(publicKey))]);
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[string('none'), string('none'), string('')], // no cipher, no key derivation, nothing to derive with
    number(1),
    string(publicBlob),
    string(privatePart(half(publicKey), half(privateKey))),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  const text = ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''];
  return { known: hostKeyOf(publicBlob), file: new Secret('HOST_KEY', text.join('\n')) };
}

/** The part that a cipher would encrypt, padded to its block size (OpenSSH, PROTOCOL.key). */
function privatePart(publicHalf: Buffer, privateHalf: Buffer): Buffer {
  const check = randomBytes(4);
  const fields = [string(type), string(publicHalf), string(Buffer.concat([privateHalf, publicHalf]))];
  const part = Buffer.concat([check, check, ...fields, string('')]);
  const filling = Array.from({ length: (8 - (part.length % 8)) % 8 }, (_, place) => place + 1);
  return Buffer.concat([part, Buffer.from(filling)]);
}

/** RFC 4251, 5: a length, then the bytes. */
function string(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
