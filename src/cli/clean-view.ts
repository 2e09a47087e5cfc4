import { type CleanPlan, isEmpty } from '../operations/clean/clean.js';
import { count } from '../phrases.js';
import { sizeText } from '../runs/measures/read.js';
import { joined, type Text } from './style.js';
import { table } from './table.js';
import { visibleLine } from './text.js';
import { between } from './time.js';

/** So many runs are named. */
const most = 40;

/** What a cleaning would remove, the largest first, and why other runs stay. */
export function cleanView(plan: CleanPlan, now: Date, width: number): Text {
  const { runs, images, leftovers, kept, bytes } = plan;
  const largest = [...runs].sort((one, other) => other.removable.bytes - one.removable.bytes);
  const rows = largest
    .slice(0, most)
    .map(({ row, removable }) => [
      row.run,
      row.state,
      row.created === null ? '' : between(row.created, null, now),
      sizeText(removable.bytes),
    ]);
  const stay = [...kept].map(([reason, number]) => `${number} ${reason}`);
  return joined(
    [
      ...(rows.length > 0
        ? [table([{ head: 'RUN' }, { head: 'STATE' }, { head: 'AGE' }, { head: 'SIZE' }], rows, width).text]
        : []),
      ...(largest.length > most ? [`… and ${largest.length - most} more`] : []),
      ...images.map(
        ({ id, bytes: size }) =>
          `image ${id.replace('sha256:', '').slice(0, 12)}, ${sizeText(size)} with what it shares with others`,
      ),
      ...leftovers.paths.map((path) => `left by a command that has ended: ${visibleLine(path)}`),
      ...(rows.length > 0 ? [''] : []),
      isEmpty(plan) ? 'Nothing to remove.' : `${sizeText(bytes)} in ${inWords(plan)}`,
      ...(stay.length > 0 ? [`Kept: ${stay.join(', ')}`] : []),
    ],
    '\n',
  );
}

function inWords({ runs, images, leftovers }: CleanPlan): string {
  const parts = [
    ...(runs.length > 0 ? [count(runs.length, 'run')] : []),
    ...(images.length > 0 ? [count(images.length, 'image')] : []),
    ...(leftovers.paths.length > 0 ? ['what commands have left'] : []),
  ];
  return parts.join(' and ');
}
