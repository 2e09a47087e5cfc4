import { isUtf8 } from 'node:buffer';
import { UserError } from '../errors.js';
import { pasteable } from '../shell/word.js';

/** A parameters.json that is not UTF-8: its texts would reach a job changed. */
export class NotUtf8 extends UserError {
  constructor(path: string, what: string, encoding: string) {
    super(`${path}${what}. JSON is UTF-8: save it so.`, [
      pasteable`iconv -f ${encoding} -t UTF-8 ${path} > ${path}.utf-8 && mv ${path}.utf-8 ${path}`,
    ]);
  }
}

/** The text of a parameters.json. @throws NotUtf8 */
export function fileText(bytes: Buffer, path: string): string {
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8');
  const [first, second] = bytes;
  // A byte order mark, or half of the first bracket.
  if (first === 0xff || (first !== 0 && second === 0)) {
    const marked = first === 0xff;
    throw new NotUtf8(path, ' is UTF-16', marked ? 'UTF-16' : 'UTF-16LE');
  }
  if (first === 0xfe || first === 0)
    throw new NotUtf8(path, ' is UTF-16', first === 0xfe ? 'UTF-16' : 'UTF-16BE');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new NotUtf8(path, `:${brokenLine(bytes)} is not UTF-8`, 'WINDOWS-1252');
}

/** The first line that is not UTF-8, from 1 on. */
function brokenLine(bytes: Buffer): number {
  let line = 1;
  for (let from = 0; ; line++) {
    const end = bytes.indexOf(0x0a, from);
    if (end < 0 || !isUtf8(bytes.subarray(from, end))) return line;
    from = end + 1;
  }
}
