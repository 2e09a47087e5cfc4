import { DiskFull, UserError } from '../errors.js';
import { accessLines } from '../shell/access.js';
import { pasteable } from '../shell/word.js';
import { filled, foldedCommand } from './fold.js';
import { joined, red, type Text } from './style.js';
import { suggested } from './suggestions.js';
import { visible } from './text.js';

/** The system refuses this user access to a file. */
export class NotPermitted extends UserError {
  constructor(path: string, call: string, isReadOnly: boolean) {
    const why = isReadOnly ? 'the disk is read-only' : 'permission denied';
    super(
      `${path} cannot be ${done[call] ?? 'used'}: ${why}.`,
      isReadOnly ? [pasteable`findmnt -T ${path}`] : accessLines(path),
    );
  }
}

/** System calls in words. */
const done: Readonly<Record<string, string>> = {
  open: 'opened',
  mkdir: 'created',
  scandir: 'read',
  unlink: 'removed',
  rmdir: 'removed',
  rm: 'removed',
  rename: 'replaced',
  symlink: 'created',
  chmod: 'changed',
};

/** A problem as it is shown: what happened, and the lines that fix it.
 * @param experiment as it was typed; null: none was.
 * @param width in columns */
export function failureText(error: UserError, experiment: string | null, width: number): Text {
  const mend = suggested(error.suggestions, experiment).map((line) => foldedCommand(`    ${line}`, width));
  const message = filled(`Error: ${error.message}`, width).slice('Error:'.length);
  return joined([[red('Error:'), message], ...(mend.length > 0 ? ['', '  Try:', ...mend] : []), ''], '\n');
}

/** The same for programs. */
export const failureJson = (
  { name, message, suggestions }: Pick<UserError, 'name' | 'message' | 'suggestions'>,
  experiment: string | null = null,
) => ({ error: { name, message, suggestions: suggested(suggestions, experiment) } });

/** An error that is a bug of ours, escaped: oclif prints its stack as it is. */
export function harmless(error: Error): Error {
  error.message = visible(error.message);
  if (error.stack !== undefined) error.stack = visible(error.stack);
  return error;
}

/** The error as one that the user can fix; null: it is a bug of ours. */
export function asUserError(error: unknown): UserError | null {
  if (error instanceof UserError) return error;
  const { code, path: from, dest, syscall, message } = error as NodeJS.ErrnoException & { dest?: string };
  // Of two paths (rename, link), the one that was to be created.
  const path = dest ?? from;
  // Git's message.
  if (/No space left on device|Out of diskspace/.test(message)) return new DiskFull(message.trim());
  switch (code) {
    case 'ENOSPC':
      return new DiskFull(path === undefined ? `${message}.` : `${path} could not be written.`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new NotPermitted(path ?? 'A file', syscall ?? '', code === 'EROFS');
    case 'ENAMETOOLONG':
      return new UserError(`The name is too long for this disk: ${path ?? message}`);
    default:
      return null;
  }
}
