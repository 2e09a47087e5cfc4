import { homedir } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import type { Session } from '../operations/session.js';
import { Executor } from '../shell/executor.js';
import { Journal } from '../shell/journal.js';
import type { SshPool } from '../tools/ssh/pool.js';
import { notifyOn } from './notify.js';
import type { Screen } from './screen.js';
import { dim } from './style.js';
import { programOutput } from './text.js';

/** What a command's session is made of. */
export interface Surroundings {
  readonly screen: Screen;
  readonly ssh: SshPool;
  readonly interrupt: AbortSignal;
  readonly dryRun: boolean;
  /** The folder of this package, and its version. */
  readonly config: { readonly root: string; readonly version: string };
}

/** The world as operations are given it; all that they tell goes to the screen. */
export function makeSession({ screen, ssh, interrupt, dryRun, config }: Surroundings): Session {
  const toScreen = () => {
    const texts = new StringDecoder('utf8');
    const output = programOutput();
    return (chunk: Buffer) => screen.write(output(texts.write(chunk)));
  };
  const journal = new Journal((line) => screen.write([dim(line), '\n']), dryRun);
  return {
    executor: new Executor(journal, dryRun, interrupt),
    notify: notifyOn(screen),
    progress: { onStdout: toScreen(), onStderr: toScreen() },
    ssh,
    env: process.env,
    now: () => new Date(),
    packageRoot: config.root,
    version: config.version,
    home: homedir(),
  };
}
