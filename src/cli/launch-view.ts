import { count } from '../phrases.js';
import type { Step } from '../targets/target.js';
import type { Live } from './screen.js';
import { joined, type Text } from './style.js';
import { table } from './table.js';
import { duration } from './time.js';

/** The launch step of each machine, and when it began. */
export type Launching = ReadonlyMap<string, { readonly step: Step; readonly since: number }>;

/** A row for each machine (if not all fit, unfinished ones first), and a line that counts them.
 * @param now in milliseconds, as `since` */
export function launchView(
  machines: Launching,
  { now, width, height }: { readonly now: number; readonly width: number; readonly height: number },
): Text {
  const all = [...machines];
  const most = Math.max(1, height - 2);
  const shown = new Set(
    [...all]
      .sort(([, one], [, other]) => Number(one.step === 'delivered') - Number(other.step === 'delivered'))
      .slice(0, all.length > most ? most - 1 : most),
  );
  const rows = all
    .filter((row) => shown.has(row))
    .map(([name, { step, since }]) => [
      name,
      isOver(step) ? '' : duration(Math.round((now - since) / 1000) * 1000),
      wordsOf(step),
    ]);
  const columns = [
    { head: 'MACHINE', atMost: 44, least: 8, cut: 'middle' as const },
    { head: 'FOR', gives: 1 },
    { head: 'STEP', least: 20 },
  ];
  const hidden = all.length - rows.length;
  return joined(
    [table(columns, rows, width).text, ...(hidden > 0 ? [`… and ${hidden} more`] : []), launchNews(machines)],
    '\n',
  );
}

/** `12 of 20 machines up, 1 without capacity; 3 have their jobs`. */
export function launchNews(machines: Launching): string {
  const steps = [...machines.values()].map(({ step }) => step);
  const many = (is: (step: Step) => boolean) => steps.filter(is).length;
  const up = many((step) => step === 'starting' || step === 'delivering' || step === 'delivered');
  const refused = many((step) => typeof step === 'object' && step.refused);
  const failed = many((step) => typeof step === 'object' && !step.refused);
  const delivered = many((step) => step === 'delivered');
  return [
    `${up} of ${count(steps.length, 'machine')} up`,
    refused > 0 ? `, ${refused} without capacity` : '',
    failed > 0 ? `, ${failed} failed` : '',
    delivered > 0 ? `; ${delivered} ${delivered === 1 ? 'has its' : 'have their'} jobs` : '',
  ].join('');
}

const isOver = (step: Step): boolean => typeof step === 'object' || step === 'delivered';

function wordsOf(step: Step): string {
  if (typeof step === 'object')
    return [step.refused ? 'no capacity' : 'failed', step.failed.replaceAll(/\s+/g, ' ')]
      .filter(Boolean)
      .join(': ');
  return {
    waiting: 'waits',
    making: 'is being created',
    starting: 'is booting',
    delivering: 'gets its jobs',
    delivered: 'has its jobs',
  }[step];
}

/** Shows the launch step of machines, from the first one that reports. */
export class LaunchRows {
  readonly #machines = new Map<string, { step: Step; since: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly live: Live,
    private readonly stream: { readonly columns?: number; readonly rows?: number },
  ) {
    this.#timer = setInterval(() => this.#draw(), 1000);
    this.#timer.unref();
  }

  show(machine: string, step: Step): void {
    const known = this.#machines.get(machine);
    if (known?.step !== step) this.#machines.set(machine, { step, since: Date.now() });
    this.#draw();
  }

  done(): void {
    clearInterval(this.#timer);
    this.live.done();
  }

  #draw(): void {
    if (this.#machines.size === 0) return;
    const { columns = 80, rows = 24 } = this.stream;
    const view = { now: Date.now(), width: columns, height: rows - 1 };
    this.live.show(launchView(this.#machines, view), launchNews(this.#machines));
  }
}
