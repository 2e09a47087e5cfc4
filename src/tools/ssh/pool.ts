import type { Access } from './handshake.js';
import { SshSession } from './session.js';

/** One session a machine, kept and shared until the pool is closed. */
export class SshPool {
  readonly #sessions = new Map<string, SshSession>();

  session(access: Access): SshSession {
    // Another one, once there is another key to hold the machine to, or another way to it.
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
