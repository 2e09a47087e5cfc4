import { ownLine, type Suggestion, UserError } from '../../errors.js';

/** A machine that cannot be reached now. The state of its jobs is unknown; they may be running. */
export class Unreachable extends UserError {
  constructor(
    readonly machine: string,
    /** What happened, as the end of a sentence that begins with the machine. */
    readonly why: string,
    suggestions: readonly Suggestion[] = [],
  ) {
    super(`${machine} ${why}${/[.?!]$/.test(why) ? '' : '.'}`, suggestions);
  }
}

/** The library for reads could not open a session. OpenSSH may still succeed: it supports more key exchanges, keys and
 * agents. */
export class NoSession extends Unreachable {}

/** The machine refuses our keys. */
export class KeysRefused extends NoSession {}

/** The machine's host key has changed or is wrong. Nothing was sent to it. */
export class ChangedHostKey extends Unreachable {}

/** The machine's host key is not known yet. Nothing was sent to it. */
export class UnknownHostKey extends Unreachable {}

/** The machine is not created yet, or has no address yet. */
export class NotThereYet extends Unreachable {
  constructor(machine: string) {
    super(machine, 'is not running yet', [
      ownLine('deploy', [], 'creates missing machines and delivers their jobs'),
    ]);
  }
}

/** The machine, or a jump host, hung up before it identified itself: it may have too many connections. */
export class HungUp extends NoSession {}

/** The error, with ssh's own message. A lost shared connection has none. */
export function unreachable(name: string, stderr: string): Unreachable {
  const said = lastSaid(stderr)?.replace(/\.$/, '');
  return new Unreachable(name, said ? `cannot be reached: ${said}` : 'was cut off from here');
}

/** The reason in the error output of ssh and of jump hosts: the last line that is not only about the end of ssh
 * itself. */
export function lastSaid(stderr: string): string | undefined {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim().slice(0, 500))
    .filter((line) => line && !/^Killed by signal/.test(line));
  return lines.findLast((line) => !aftermath.test(line)) ?? lines.at(-1);
}

const aftermath = /^(Connection closed by UNKNOWN|kex_exchange_identification: Connection closed)/;
