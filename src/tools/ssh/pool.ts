import pLimit from 'p-limit';
import type { Access } from './handshake.js';
import { SshSession } from './session.js';

/** How many handshakes are made at once: servers, and those between, take more for an attack. */
const handshakes = 30;

/** One session a machine, kept and shared until the pool is closed. */
export class SshPool {
  readonly #sessions = new Map<string, SshSession>();
  readonly #gate = pLimit(handshakes);

  session(access: Access): SshSession {
    // Another one, once there is another key to hold the machine to, or it has another address.
    const { host, port } = access.route;
    const id = [access.name, host, port, ...access.hostKeys.map(({ key }) => key)].join(' ');
    const known = this.#sessions.get(id);
    if (known) return known;
    const made = new SshSession(access, (work) => this.#gate(work));
    this.#sessions.set(id, made);
    return made;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }
}
