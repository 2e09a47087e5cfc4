import { partial, vanished as vanishedCode } from './lines.js';

/** What a copy from a machine passed over, by what rsync said of it. Paths are as the machine has them. */
export interface Complaints {
  /** What went before it could be copied, or was not there. */
  readonly vanished: readonly string[];
  /** What could not be read there; all else was copied. */
  readonly unreadable: readonly { readonly path: string; readonly why: string }[];
  /** What went wrong with the copy itself, such as a full disk here: nothing is known to be whole. Lines of rsync's. */
  readonly other: readonly string[];
}

/** Reads what rsync said of a copy from elsewhere. With exit codes 0, 23 and 24, and nothing in `other`, all is here but
 *  what `vanished` and `unreadable` name.
 *  @param stderr it may hold lines of others, such as a login shell's, which say nothing of the copy */
export function readComplaints(code: number, stderr: string): Complaints {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim());
  if (code !== 0 && code !== partial && code !== vanishedCode)
    return { vanished: [], unreadable: [], other: lines };
  const vanished: string[] = [];
  const unreadable: { path: string; why: string }[] = [];
  const other: string[] = [];
  for (const line of lines) {
    const gone = /^(?:file|directory) has vanished: "(.*)"/.exec(line)?.[1];
    const [, path, why, error] = ofSender.exec(line) ?? [];
    if (gone !== undefined) vanished.push(unescaped(gone));
    else if (path !== undefined && error === noEntry) vanished.push(unescaped(path));
    else if (path !== undefined) unreadable.push({ path: unescaped(path), why: why ?? '' });
    else if (ofRsync.test(line) && !summary.test(line)) other.push(line);
  }
  const isUnexplained = code === partial && vanished.length + unreadable.length + other.length === 0;
  return { vanished, unreadable, other: isUnexplained ? lines : other };
}

/** What the half says that reads: `rsync: [sender] opendir "/a" failed: Permission denied (13)`. Before 3.2.3 it does not say
 *  which half it is, but only that one does these things. */
const ofSender =
  /^rsync: (?:\[sender\] )?(?:opendir|readdir|send_files failed to open|read errors mapping|readlink_stat|link_stat|change_dir)[ (]"?(.*?)"?\)?(?: failed)?: ([^:]*) \((\d+)\)$/;

const noEntry = '2';

/** What both halves say, and no other program. */
const ofRsync =
  /^(?:rsync(?: error| warning)?: |could not make way |cannot delete |skipping |\*\*\* Skipping )/;

/** That files were passed over, which the lines before it have named. */
const summary = /^rsync (?:error|warning): some files.* \(code 2[34]\)|^\*\*\* Skipping /;

/** rsync writes what it takes for no letter as `\#` and three octal digits of a byte. */
const unescaped = (path: string): string =>
  Buffer.concat(
    path
      .split(/(\\#[0-7]{3})/)
      .map((part, place) =>
        place % 2 === 1 ? Buffer.from([Number.parseInt(part.slice(2), 8)]) : Buffer.from(part),
      ),
  ).toString();
