import type { Connection } from '../../../machines/connection.js';
import { type Command, command } from '../../../shell/command.js';
import type { Executor } from '../../../shell/executor.js';

const timer = 'logistician-idle';

/** Of templates/machine/cloud-init.yaml. */
const deadline = 'logistician-deadline.timer';
const delivered = '/var/lib/logistician-delivered';
const script = '/run/logistician-idle.sh';

/** Makes a machine that has got jobs power itself off after so many idle minutes, and counts its deadline from now. The
 * idle timer is lost at a reboot: `start` sets it again.
 * @param minutes null: it does not stop for want of work
 * @returns false if the machine's user cannot become root, which it takes */
export async function armEnds(
  executor: Executor,
  connection: Connection,
  minutes: number | null,
): Promise<boolean> {
  const { code } = await executor.attempt(connection.reach(arm(minutes)));
  return code === 0;
}

/** The deadline of a machine with another system, which has no such timer, stays as it is. */
const restart = `sudo -n systemctl try-restart ${deadline}`;

function arm(minutes: number | null): Command {
  if (minutes === null) return command('sh', '-c', `sudo -n touch ${delivered} && ${restart}`);
  const seconds = Math.ceil(minutes * 60);
  const every = Math.min(60, Math.max(1, Math.floor(seconds / 5)));
  const run = `sudo -n systemd-run --quiet --unit=${timer} --timer-property=AccuracySec=1s`;
  // A timer without its script would take the place of the one that waits for jobs, and end nothing.
  const text = `[ -s ${script} ] && ${restart} && { systemctl --quiet is-active ${timer}.timer || exec ${run} --on-active="$2" --on-unit-active="$2" sh ${script} "$1"; }`;
  return command('sh', '-c', text, 'sh', String(seconds), String(every));
}
