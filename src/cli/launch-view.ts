import { count } from '../phrases.js';
import type { Step } from '../targets/target.js';
import type { Live } from './screen.js';
import { joined, type Text } from './style.js';
import { table } from './table.js';
import { duration } from './time.js';

/** How far each machine is on its way to its jobs, and since when. */
export type Launching = ReadonlyMap<string, { readonly step: Step; readonly since: number }>;

/** A row for each machine, those that are not done first where not all fit, and a line that counts them.
 *  @param now in milliseconds, as `since` */
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
    { head: 'MACHINE', atMost: 44, stays: true },
    { head: 'FOR', atMost: 8 },
    { head: 'STEP' },
  ];
  const hidden = all.length - rows.length;
  return joined(
    [table(columns, rows, width), ...(hidden > 0 ? [`… and ${hidden} more`] : []), launchNews(machines)],
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
    making: 'is being made',
    starting: 'is up, and starts',
    delivering: 'gets its jobs',
    delivered: 'has its jobs',
  }[step];
}

/** Shows how far machines are, from the first word of one of them on. */
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
