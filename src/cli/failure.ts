import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';
import { joined, red, type Text } from './style.js';
import { suggested } from './suggestions.js';
import { visible } from './text.js';

/** How a problem is shown: what happened, and the lines that mend it. */
export function failureText(error: UserError, argv: readonly string[] = []): Text {
  const mend = suggested(error.suggestions, argv).map((line) => `    ${line}`);
  return joined(
    [[red('Error:'), ` ${error.message}`], ...(mend.length > 0 ? ['', '  Try:', ...mend] : []), ''],
    '\n',
  );
}

/** The same for programs. */
export const failureJson = (
  { name, message, suggestions }: Pick<UserError, 'name' | 'message' | 'suggestions'>,
  argv: readonly string[] = [],
) => ({ error: { name, message, suggestions: suggested(suggestions, argv) } });

/** An error of ours, whose stack oclif prints as it is. */
export function harmless(error: Error): Error {
  error.message = visible(error.message);
  if (error.stack !== undefined) error.stack = visible(error.stack);
  return error;
}

/** The problem behind any error, as far as a person can do something about it; null: it is ours. */
export function asUserError(error: unknown): UserError | null {
  if (error instanceof UserError) return error;
  const { code, path: from, dest, syscall, message } = error as NodeJS.ErrnoException & { dest?: string };
  // What was to be made from the other.
  const path = dest ?? from;
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
