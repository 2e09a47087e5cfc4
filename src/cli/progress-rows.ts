import type { Screen } from './screen.js';

/** A row for each machine that something is copied from, drawn anew as it goes on. */
export async function progressRows(
  screen: Screen,
): Promise<{ show: (machine: string, text: string) => void; done: () => void }> {
  const live = await screen.live();
  const rows = new Map<string, string>();
  return {
    show: (machine, text) => {
      rows.set(machine, text);
      const lines = [...rows].map(([name, far]) => `${far.padStart(5)}  ${name}`);
      // Where nothing can be redrawn, each machine is told of once.
      live.show(lines.join('\n'), `Bringing home from ${[...rows.keys()].join(', ')}`);
    },
    done: live.done,
  };
}
