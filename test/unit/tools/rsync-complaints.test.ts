import { describe, expect, it } from 'vitest';
import { readComplaints } from '../../../src/tools/rsync/complaints.js';

const summary = (code: number) =>
  `rsync error: some files/attrs were not transferred (see previous errors) (code ${code}) at main.c(1956) [generator=3.5.0]\n`;

describe('what rsync complains of', () => {
  it('M5: names each result that cannot be read, and says that all else is here', () => {
    const said = String.raw`stty: 'standard input': Inappropriate ioctl for device
rsync: [sender] opendir "/home/ada/logistician/exp/run2/data/locked" failed: Permission denied (13)
rsync: [sender] send_files failed to open "/home/ada/logistician/exp/run1/data/results/a b'$\#303\#274": Permission denied (13)
rsync: [sender] send_files failed to open "/home/ada/logistician/exp/run1/data/results/line\#012break": Permission denied (13)
rsync: [sender] read errors mapping "/home/ada/logistician/exp/run1/data/results/half": Input/output error (5)
rsync: [sender] readlink_stat("/home/ada/logistician/exp/run1/data/cache") failed: Stale file handle (116)
`;
    const results = '/home/ada/logistician/exp/run1/data/results';
    expect(readComplaints(23, said + summary(23))).toEqual({
      vanished: [],
      unreadable: [
        { path: '/home/ada/logistician/exp/run2/data/locked', why: 'Permission denied' },
        { path: `${results}/a b'$ü`, why: 'Permission denied' },
        { path: `${results}/line\nbreak`, why: 'Permission denied' },
        { path: `${results}/half`, why: 'Input/output error' },
        { path: '/home/ada/logistician/exp/run1/data/cache', why: 'Stale file handle' },
      ],
      other: [],
    });
  });

  it('M5: an older rsync does not say which half it is', () => {
    const said = 'rsync: send_files failed to open "/a/b: c": Permission denied (13)\n';
    expect(readComplaints(23, said).unreadable).toEqual([{ path: '/a/b: c', why: 'Permission denied' }]);
  });

  it('M14: what openrsync could not write here is no fault of the machine’s', () => {
    const said = 'openrsync(7): error: run1/data/.big.UYIHF8zlBP: write: Input/output error\n';
    expect(readComplaints(23, said)).toMatchObject({ unreadable: [], other: [said.trim()] });
  });

  it('what went meanwhile, or never was, is no fault', () => {
    const said = `file has vanished: "/a/2998"
directory has vanished: "/a/sub"
rsync: [sender] change_dir "/nowhere" failed: No such file or directory (2)
rsync warning: some files vanished before they could be transferred (code 24) at main.c(1956) [generator=3.5.0]
`;
    const expected = { vanished: ['/a/2998', '/a/sub', '/nowhere'], unreadable: [], other: [] };
    expect(readComplaints(24, said)).toEqual(expected);
  });

  it.each([
    'rsync: [receiver] write failed on "/here/run1/data/results/big": No space left on device (28)',
    'rsync: [generator] recv_generator: mkdir "/here/run2/data/locked" failed: Permission denied (13)',
    'rsync: [receiver] mkstemp "/here/run1/.x.a1b2c3" failed: Permission denied (13)',
    'could not make way for new regular file: run2/data/fine',
  ])('what goes wrong here is no file there: %s', (line) => {
    const locked = 'rsync: [sender] opendir "/there/locked" failed: Permission denied (13)';
    expect(readComplaints(23, `${locked}\n${line}\n${summary(23)}`)).toEqual({
      vanished: [],
      unreadable: [{ path: '/there/locked', why: 'Permission denied' }],
      other: [line],
    });
  });

  it('what it does not explain is not taken for well', () => {
    expect(readComplaints(23, summary(23)).other).toHaveLength(1);
    expect(
      readComplaints(11, 'rsync error: error in file IO (code 11) at receiver.c(400)').other,
    ).toHaveLength(1);
    expect(readComplaints(0, 'Welcome to gpu2\n')).toEqual({ vanished: [], unreadable: [], other: [] });
  });
});
