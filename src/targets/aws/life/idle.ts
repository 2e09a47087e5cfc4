import type { Connection } from '../../../machines/connection.js';
import { type Command, command } from '../../../shell/command.js';
import type { Executor } from '../../../shell/executor.js';

const timer = 'logistician-idle';

/** Makes a machine power itself off after so many idle minutes. The timer is lost at a reboot: `start` sets it again.
 * @param script templates/machine/idle.sh.
 * @param path its path on the machine
 * @returns false if the machine's user cannot become root, which it takes */
export async function stopWhenIdle(
  executor: Executor,
  connection: Connection,
  script: string,
  path: string,
  minutes: number,
): Promise<boolean> {
  const { code } = await executor.attempt(connection.reach(arm(script, path, minutes)));
  return code === 0;
}

function arm(script: string, path: string, minutes: number): Command {
  const seconds = Math.ceil(minutes * 60);
  const every = Math.min(60, Math.max(1, Math.floor(seconds / 5)));
  const run = `sudo -n systemd-run --quiet --unit=${timer} --timer-property=AccuracySec=1s`;
  const text = `cat >"$1" && { systemctl --quiet is-active ${timer}.timer || exec ${run} --on-active="$3" --on-unit-active="$3" sh "$1" "$2"; }`;
  return {
    ...command('sh', '-c', text, 'sh', path, String(seconds), String(every)),
    input: { from: command('cat', script) },
  };
}
