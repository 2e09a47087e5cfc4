import { command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { isOlder } from '../../shell/programs.js';

/** The rsync of this computer: its version, and the options it knows. */
export interface RsyncProgram {
  readonly version: string;
  /** Not rsync.samba.org 3.1 or later: macOS has openrsync, and had rsync 2.6.9. */
  readonly isPlain: boolean;
}

const asked = new WeakMap<Executor, Promise<RsyncProgram>>();

/** The rsync here, queried once. An unknown one is treated as plain. */
export function rsyncHere(executor: Executor): Promise<RsyncProgram> {
  const known = asked.get(executor) ?? ask(executor);
  asked.set(executor, known);
  return known;
}

const ask = async (executor: Executor): Promise<RsyncProgram> =>
  parseVersion((await executor.query(command('rsync', '--version'))).stdout);

/** Parses the output of `rsync --version`. */
export function parseVersion(text: string): RsyncProgram {
  const [first = ''] = text.split('\n');
  if (first.startsWith('openrsync')) return { version: first.trim(), isPlain: true };
  const [, version = ''] = /^rsync +version v?(\d+(?:\.\d+)+)/.exec(first) ?? [];
  return { version, isPlain: version !== '' && isOlder(version, '3.1') };
}
