import { type ED25519KeyPairOptions, generateKeyPairSync, randomBytes } from 'node:crypto';
import { Secret } from '../../shell/word.js';
import { type HostKey, hostKeyOf } from './known-hosts.js';

/** The key of an SSH server that is yet to be. */
export interface NewHostKey {
  /** For known_hosts. */
  readonly known: HostKey;
  /** The file that sshd reads. */
  readonly file: Secret;
}

const type = 'ssh-ed25519';

/** A key as its generator writes it: each half is at the end of what describes it (RFC 8410). Not to be exported from a
 *  key object: in Node 20 that takes a lock which collecting garbage meanwhile takes too, and then it waits for ever. */
const encoding: ED25519KeyPairOptions<'der', 'der'> = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
};

/** Makes a host key. Not by ssh2, whose generator drops leading zeros: one key in 128 is none that sshd takes. */
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

/** The part that a cipher would cover, filled up to its blocks (OpenSSH, PROTOCOL.key). */
function privatePart(publicHalf: Buffer, privateHalf: Buffer): Buffer {
  const check = randomBytes(4);
  const fields = [string(type), string(publicHalf), string(Buffer.concat([privateHalf, publicHalf]))];
  const part = Buffer.concat([check, check, ...fields, string('')]);
  const filling = Array.from({ length: (8 - (part.length % 8)) % 8 }, (_, place) => place + 1);
  return Buffer.concat([part, Buffer.from(filling)]);
}

/** RFC 4251, 5: a length and then so many bytes. */
function string(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
