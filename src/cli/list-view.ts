import { relative } from 'node:path';
import type { RunState } from '../machines/job-state.js';
import type { Overview } from '../operations/look/overview.js';
import { count } from '../phrases.js';
import { cyan, dim, green, joined, red, type Text, yellow } from './style.js';
import { type Cell, table } from './table.js';
import { between } from './time.js';

export interface ListView {
  readonly width: number;
  readonly now: Date;
  /** The folder to which shown paths are relative. */
  readonly from: string;
}

/** The most important first: on a narrow terminal the end is cut. */
const order: readonly RunState[] = [
  'running',
  'building',
  'fetching',
  'failed',
  'lost',
  'pending',
  'stopped',
  'succeeded',
];

/** The experiments, a line each, and remarks below. */
export function listView(all: readonly Overview[], view: ListView): Text {
  const columns = [
    { head: 'EXPERIMENT', least: 10, cut: 'middle' as const },
    { head: 'STATE' },
    { head: 'BEST', gives: 1 },
    { head: 'DEPLOYED', gives: 2 },
    { head: 'COMMIT', gives: 4 },
    { head: 'MACHINES', gives: 3 },
    { head: 'FOLDER', gives: 5 },
  ];
  const rows = all.map((one) => cells(one, view));
  return joined([table(columns, rows, view.width).text, ...remarks(all)], '\n');
}

function cells(one: Overview, { now, from }: ListView): Cell[] {
  const { name, deployment, machines, best, folder, exists } = one;
  return [
    name,
    stateOf(one),
    best ? `${best.name} ${best.value}` : '',
    deployment ? between(deployment.created, null, now) : '',
    deployment ? deployment.commit.slice(0, 10) : '',
    machines.map((machine) => machine.name).join(' '),
    `${relative(from, folder) || '.'}${exists ? '' : ' (gone)'}`,
  ];
}

function stateOf({ states, deployment, runs, problem }: Overview): Cell {
  if (problem !== null) return red('records unreadable');
  const text = order.flatMap((state) => (states[state] ? [`${states[state]} ${state}`] : [])).join(', ');
  if (!deployment) return runs > 0 ? dim(`${count(runs, 'run')}, not deployed`) : dim('not run');
  if (states.failed || states.lost) return red(text);
  if (states.running || states.building || states.fetching) return cyan(text);
  return states.succeeded && !states.stopped && !states.pending ? green(text) : text;
}

function remarks(all: readonly Overview[]): Text[] {
  const old = all.filter(({ isOld }) => isOld).length > 0;
  const rented = all.filter(({ machines, live }) => !live && machines.some((machine) => machine.rented));
  const broken = all.flatMap(({ problem }) => problem ?? []);
  const lines: Text[] = [
    ...(old ? [dim('Jobs on other machines are shown as last seen; `status` asks the machines.')] : []),
    ...rented.map(({ name }) =>
      yellow(`${name} has rented machines and no job: "terminate" ends their cost.`),
    ),
    ...broken.map((problem) => yellow(problem)),
  ];
  return lines.length > 0 ? ['', ...lines] : [];
}
