import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import type { colorsFor } from './style.js';

/** How a problem is shown: what happened, and the lines that mend it. */
export function failureText(
  error: UserError,
  colors: ReturnType<typeof colorsFor>,
  suggest: (line: string) => string = (line) => line,
): string {
  const mend = error.suggestions.map((line) => `    ${suggest(line)}`);
  return [
    `${colors.red('Error:')} ${error.message}`,
    ...(mend.length > 0 ? ['', '  Try:', ...mend] : []),
  ].join('\n');
}

/** The problem behind any error, as far as a person can do something about it; null: it is ours. */
export function asUserError(error: unknown): UserError | null {
  if (error instanceof UserError) return error;
  const { code, path, syscall, message } = error as NodeJS.ErrnoException;
  // As git has it.
  if (/No space left on device|Out of diskspace/.test(message))
    return new UserError(`The disk is full: ${message.trim()}`, ['df -h', 'docker system prune']);
  switch (code) {
    case 'ENOSPC':
      return new UserError(`The disk is full: ${path ?? message} could not be written.`, [
        'df -h',
        'docker system prune',
      ]);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(
        `Not allowed: ${syscall ?? 'access'} of ${path ?? 'a file'}.`,
        path ? [pasteable`ls -ld ${path}`] : [],
      );
    case 'ENAMETOOLONG':
      return new UserError(`The name is too long for this disk: ${path ?? message}`);
    default:
      return null;
  }
}
