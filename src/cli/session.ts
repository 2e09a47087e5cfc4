import { homedir } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import type { Session } from '../operations/session.js';
import type { Verbosity } from '../operations/user-settings.js';
import { Executor } from '../shell/executor.js';
import { Journal } from '../shell/journal.js';
import type { SshPool } from '../tools/ssh/pool.js';
import { commandShown, programShown } from './commands-shown.js';
import { notifyOn } from './notify.js';
import type { Screen } from './screen.js';
import { programOutput } from './text.js';

/** What a command's session needs. */
export interface Surroundings {
  readonly screen: Screen;
  readonly ssh: SshPool;
  readonly interrupt: AbortSignal;
  readonly dryRun: boolean;
  readonly verbosity: Verbosity;
  /** The folder of this package, and its version. */
  readonly config: { readonly root: string; readonly version: string };
}

/** The context of all operations; their notices go to the screen. */
export function makeSession({ screen, ssh, interrupt, dryRun, verbosity, config }: Surroundings): Session {
  const toScreen = () => {
    const texts = new StringDecoder('utf8');
    const output = programOutput();
    const show = programShown(screen, verbosity);
    return (chunk: Buffer) => show(output(texts.write(chunk)));
  };
  // The commands are the result of a dry run.
  const show = commandShown(screen, dryRun ? 'verbose' : verbosity);
  const journal = new Journal(show, dryRun);
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
