import type { Connection } from '../../../machines/connection.js';
import { type Command, command } from '../../../shell/command.js';
import type { Executor } from '../../../shell/executor.js';

const timer = 'logistician-idle';

/** Of templates/machine/cloud-init.yaml. */
const deadline = 'logistician-deadline.timer';
const delivered = '/var/lib/logistician-delivered';

/** When a machine powers itself off after it got jobs. */
export interface Ends {
  /** templates/machine/idle.sh. */
  readonly script: string;
  /** Its path on the machine. */
  readonly path: string;
  /** Idle minutes; null: it does not stop for want of work. */
  readonly minutes: number | null;
}

/** Makes a machine that has got jobs power itself off after so many idle minutes, and counts its deadline from now. The
 * idle timer is lost at a reboot: `start` sets it again.
 * @returns false if the machine's user cannot become root, which it takes */
export async function armEnds(executor: Executor, connection: Connection, ends: Ends): Promise<boolean> {
  const { code } = await executor.attempt(connection.reach(arm(ends)));
  return code === 0;
}

/** The deadline of a machine with another system, which has no such timer, stays as it is. */
const restart = `sudo -n systemctl try-restart ${deadline}`;

function arm({ script, path, minutes }: Ends): Command {
  if (minutes === null) return command('sh', '-c', `sudo -n touch ${delivered} && ${restart}`);
  const seconds = Math.ceil(minutes * 60);
  const every = Math.min(60, Math.max(1, Math.floor(seconds / 5)));
  const run = `sudo -n systemd-run --quiet --unit=${timer} --timer-property=AccuracySec=1s`;
  const text = `cat >"$1" && ${restart} && { systemctl --quiet is-active ${timer}.timer || exec ${run} --on-active="$3" --on-unit-active="$3" sh "$1" "$2"; }`;
  return {
    ...command('sh', '-c', text, 'sh', path, String(seconds), String(every)),
    input: { from: command('cat', script) },
  };
}
