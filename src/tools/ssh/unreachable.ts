import { ownLine, type Suggestion, UserError } from '../../errors.js';

/** A machine that cannot be spoken to at this moment. Nothing is known of its jobs, which may run on. */
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

/** The machine answers, and lets nobody in with our keys. */
export class KeysRefused extends Unreachable {}

/** The machine is not who it was, or said to be. Nothing was sent to it. */
export class ChangedHostKey extends Unreachable {}

/** Nobody has said yet whether the machine is who it says. Nothing was sent to it. */
export class UnknownHostKey extends Unreachable {}

/** The machine has not been created yet, or has no address yet. */
export class NotThereYet extends Unreachable {
  constructor(machine: string) {
    super(machine, 'is not running yet', [ownLine('deploy', [], 'creates and delivers what is missing')]);
  }
}

/** The machine, or what stands before it, hung up before it said who it is: it may have too many callers at a time. */
export class HungUp extends Unreachable {}
