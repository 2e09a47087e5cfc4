import { type Command, command } from '../shell/command.js';
import { programWordsOf } from '../tools/docker/lines.js';

/** bash if it exists, otherwise sh. */
export const aShell = 'command -v bash >/dev/null && exec bash || exec sh';

/** Opens a container. @param words the command to run there; empty: a shell */
export function shellIn(docker: string, container: string, words: readonly string[], tty: boolean): Command {
  const run = words.length > 0 ? words : ['sh', '-c', aShell];
  const mode = ['--interactive', ...(tty ? ['--tty'] : [])];
  return command(...programWordsOf(docker), 'exec', ...mode, container, ...run);
}
