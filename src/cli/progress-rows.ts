import type { Screen } from './screen.js';

/** A row for each machine that is being copied from, redrawn with its progress. */
export async function progressRows(
  screen: Screen,
): Promise<{ show: (machine: string, text: string) => void; done: () => void }> {
  const live = await screen.live();
  const rows = new Map<string, string>();
  return {
    show: (machine, text) => {
      rows.set(machine, text);
      const lines = [...rows].map(([name, far]) => `${far.padStart(5)}  ${name}`);
      // If the output cannot be redrawn, each machine is named once.
      live.show(lines.join('\n'), `Collecting from ${[...rows.keys()].join(', ')}`);
    },
    done: live.done,
  };
}
