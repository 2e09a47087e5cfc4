import { execFileSync, spawnSync } from 'node:child_process';
import type { Connection } from '../../src/machines/connection.js';
import { type Command, command, renderCommand } from '../../src/shell/command.js';
import { perform } from '../../src/shell/process.js';
import { until } from './until.js';

/** A user of this computer that a test makes: without rights, but in group docker. */
export class TestUser {
  readonly name = `logistician-${String(process.pid).padStart(7, '0')}`;
  readonly home = `/home/${this.name}`;

  constructor() {
    // Users of the tests' machines, which are containers here, have the first ids: their processes are not this user's.
    const ids = ['--key', 'UID_MIN=20000', '--key', 'GID_MIN=20000'];
    execFileSync('useradd', [...ids, '--create-home', '--shell', '/bin/sh', '--groups', 'docker', this.name]);
  }

  /** id of the user, and of its group. */
  get ids(): string {
    return `${this.#id('-u')}:${this.#id('-g')}`;
  }

  #id(which: string): string {
    return execFileSync('id', [which, this.name]).toString().trim();
  }

  /** This computer as that user has it. */
  get connection(): Connection {
    const words = ['runuser', '-u', this.name, '--', 'env', `HOME=${this.home}`, 'sh', '-c'];
    const reach = ({ input, ...there }: Command): Command => ({
      ...command(...words, renderCommand(there)),
      ...(input && { input }),
    });
    const query: Connection['query'] = (there, io = {}) => perform(reach(there), io);
    return { name: this.name, reach, query, ready: async () => {}, renew: async () => {} };
  }

  owns(folder: string): void {
    execFileSync('chown', ['-R', `${this.name}:`, folder]);
  }

  async remove(): Promise<void> {
    // A runner's last `sleep` outlives it for a moment, and keeps its user.
    await until('no process of the test user', () => spawnSync('pgrep', ['--uid', this.name]).status === 1);
    execFileSync('userdel', ['--remove', this.name], { stdio: 'ignore' });
  }
}
