import type { CloudMachine } from './machine.js';

/** Reads what would end a machine, and lets the time pass until it does: half an hour is too long for a test. */

/** Seconds until each of its timers that are armed elapses, by name: `deadline`, `unused`, `idle`. */
export async function timersOf(machine: CloudMachine): Promise<ReadonlyMap<string, number>> {
  const said = await machine.exec("systemctl list-timers --output=json 'logistician-*.timer'; date +%s%6N");
  const at = said.lastIndexOf('\n');
  const armed = JSON.parse(said.slice(0, at)) as { unit: string; next: number }[];
  const now = Number(said.slice(at));
  return new Map(
    armed.map(({ unit, next }) => [unit.replace(/^logistician-|\.timer$/g, ''), (next - now) / 1e6]),
  );
}

/** Waits for the end of what has begun there and ends by itself.
 *  @param holds whether its job does not @returns whether the job is running */
export async function isWorking(machine: CloudMachine, holds: boolean): Promise<boolean> {
  for (;;) {
    const said = await machine.exec(
      "docker ps --quiet 2>/dev/null || :; pgrep -fa 'sh [^ ]*/runner[.]sh (work|deliver|begin|stop|part) ' | cut -d ' ' -f 4 || :",
    );
    if (said === '') return false;
    // What only waits for the job.
    if (holds && /^[0-9a-f]{12}(\nwork)+$/.test(said)) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Has happen what does in the next half hour: of the timers that elapse in it, those that repeat within seconds need no
 *  help. */
export async function halfAnHourLater(machine: CloudMachine): Promise<void> {
  const due = (await timersOf(machine)).get('unused') ?? Infinity;
  if (due <= 1800) await machine.exec('systemctl start logistician-unused.service');
}
