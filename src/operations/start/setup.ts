import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../../shell/atomic-file.js';
import { command } from '../../shell/command.js';
import type { Session } from '../session.js';
import { settingsFile, type UserSettings, withSettings } from '../user-settings.js';

export interface SetUp {
  readonly folder: string;
  /** Path of the private key; that of the public one ends in `.pub`. */
  readonly key: string;
  readonly keyMade: boolean;
}

/** Creates ~/.logistician with a key pair and sets the target; other settings stay. An existing key is kept, and its
 * public half is made again where it is missing. */
export async function setUp(session: Session, settings: Pick<UserSettings, 'target'>): Promise<SetUp> {
  const folder = join(session.home, '.logistician');
  const key = join(folder, 'ssh-key');
  const keyMade = !existsSync(key);
  if (!session.executor.dryRun) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (keyMade) {
    const keygen = ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'logistician', '-f', key];
    await session.executor.change(command(...keygen));
  } else if (!existsSync(`${key}.pub`)) {
    const output = `${key}.pub`;
    await session.executor.change({ ...command('ssh-keygen', '-y', '-f', key), output });
  }
  if (!session.executor.dryRun)
    writeAtomically(settingsFile(session.home), withSettings(session.home, settings));
  return { folder, key, keyMade };
}
