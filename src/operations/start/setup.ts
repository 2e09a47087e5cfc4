import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../../shell/atomic-file.js';
import { command } from '../../shell/command.js';
import { targetHere, targetNames } from '../../targets/registry.js';
import type { Session } from '../session.js';

/** What logistician keeps of a person: no secrets. */
export interface Config {
  /** The target that `create` proposes. */
  readonly target: string;
}

/** What `setup` wrote, or what it proposes itself where it was never run. */
export function readConfig(home: string): Config {
  try {
    const { target } = JSON.parse(
      readFileSync(join(home, '.logistician', 'config.json'), 'utf8'),
    ) as Partial<Config>;
    return { target: target && targetNames.includes(target) ? target : targetHere };
  } catch {
    return { target: targetHere };
  }
}

export interface SetUp {
  readonly folder: string;
  /** Path of the private key; the public one has `.pub` behind it. */
  readonly key: string;
  readonly keyMade: boolean;
}

/** Makes the folder ~/.logistician with its key pair, which is kept if it is there, and writes the config. */
export async function setUp(session: Session, config: Config): Promise<SetUp> {
  const folder = join(session.home, '.logistician');
  const key = join(folder, 'ssh-key');
  const keyMade = !existsSync(key);
  if (!session.executor.dryRun) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (keyMade) {
    const keygen = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'logistician', '-f', key];
    await session.executor.change(command(...keygen));
  }
  if (!session.executor.dryRun)
    writeAtomically(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  return { folder, key, keyMade };
}
