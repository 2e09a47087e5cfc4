import type { Access } from './handshake.js';
import { SshSession } from './session.js';

/** One session per machine, shared until the pool is closed. */
export class SshPool {
  readonly #sessions = new Map<string, SshSession>();

  session(access: Access): SshSession {
    // A new session if the known host keys or the route have changed.
    const id = JSON.stringify([access.name, access.route, access.hostKeys.map(({ key }) => key)]);
    const known = this.#sessions.get(id);
    if (known) return known;
    const made = new SshSession(access);
    this.#sessions.set(id, made);
    return made;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }
}
