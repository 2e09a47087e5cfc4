import { partial, vanished as vanishedCode } from './lines.js';

/** Files that a copy from a machine skipped, by rsync's messages. Paths are those of the machine. */
export interface Complaints {
  /** Files that were deleted before they could be copied, or did not exist. */
  readonly vanished: readonly string[];
  /** Files that could not be read there; all others were copied. */
  readonly unreadable: readonly { readonly path: string; readonly why: string }[];
  /** Other errors of rsync, such as a full disk here: then no file is known to be complete. */
  readonly other: readonly string[];
}

/** Parses rsync's messages about a copy from a machine. With exit codes 0, 23 and 24 and an empty `other`, everything
 * was copied except `vanished` and `unreadable`.
 * @param stderr may contain lines of others, such as a login shell */
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

/** Messages of the sender: `rsync: [sender] opendir "/a" failed: Permission denied (13)`. Before 3.2.3 they do not name
 * the sender, but only a sender makes these calls. */
const ofSender =
  /^rsync: (?:\[sender\] )?(?:opendir|readdir|send_files failed to open|read errors mapping|readlink_stat|link_stat|change_dir)[ (]"?(.*?)"?\)?(?: failed)?: ([^:]*) \((\d+)\)$/;

const noEntry = '2';

/** Messages of either side of rsync, and of no other program. */
const ofRsync =
  /^(?:rsync(?: error| warning)?: |openrsync\(\d+\): error: |could not make way |cannot delete |skipping |\*\*\* Skipping )/;

/** The summary that files were skipped, which earlier lines have named. */
const summary = /^rsync (?:error|warning): some files.* \(code 2[34]\)|^\*\*\* Skipping /;

/** rsync writes unprintable bytes as `\#` and three octal digits. */
const unescaped = (path: string): string =>
  Buffer.concat(
    path
      .split(/(\\#[0-7]{3})/)
      .map((part, place) =>
        place % 2 === 1 ? Buffer.from([Number.parseInt(part.slice(2), 8)]) : Buffer.from(part),
      ),
  ).toString();
