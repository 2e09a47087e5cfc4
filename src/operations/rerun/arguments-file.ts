import { UserError } from '../../errors.js';
import { fileText } from '../../experiment/file-text.js';
import { mendingLines, readBounded, UnreadableFile } from '../../runs/bounded-file.js';
import { pasteable } from '../../shell/word.js';

/** The text of a file of arguments. @throws UserError if there is none, or it cannot be read */
export function readArgumentsFile(path: string): string {
  try {
    const file = readBounded(path);
    if (file) return fileText(file.bytes, path);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new UserError(`${path} cannot be read: it ${cause.reason}.`, mendingLines(path, cause), { cause });
  }
  throw new UserError(`There is no file ${path}.`, [pasteable`echo '{ "lr": 0.1 }' >${path}`]);
}
