import type { Removal } from '../machines/unneeded.js';
import { count } from '../phrases.js';
import { sizeText } from '../runs/measures/read.js';
import type { LeftOn, PlaceProblem } from '../targets/target.js';
import { joined, type Text } from './style.js';
import { table } from './table.js';

type Removals = ReadonlyMap<string, readonly Removal[]>;

/** Bytes of all whose size is known. */
export const bytesOn = (left: readonly LeftOn[]): number =>
  left.flatMap(({ things }) => things).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);

/** What machines keep that no deployment needs, and why more stays. */
export function leftView(left: readonly LeftOn[], width: number): Text {
  const rows = left.flatMap(({ place, things }) =>
    things.map(({ kind, name, bytes }) => [place, kind, name, bytes === null ? '' : sizeText(bytes)]),
  );
  const columns = [
    { head: 'MACHINE' },
    { head: 'KIND' },
    { head: 'NAME', least: 20, cut: 'middle' as const },
    { head: 'SIZE' },
  ];
  return joined(
    [
      ...(rows.length > 0 ? [table(columns, rows, width).text, ''] : []),
      ...left.flatMap(({ place, stays, noImages, more }) => [
        ...(stays === null ? [] : [`${place}: everything stays: ${stays}`]),
        ...(noImages === null ? [] : [`${place}: images are left out: ${noImages}`]),
        ...(more ? [`${place}: there may be more: clean again`] : []),
      ]),
      rows.length > 0
        ? `${sizeText(bytesOn(left))} on ${count(left.filter(({ things }) => things.length > 0).length, 'machine')}`
        : 'Nothing to remove.',
    ],
    '\n',
  );
}

/** How much was removed, and what was not. */
export function removedView(left: readonly LeftOn[], removals: Removals): Text {
  let bytes = 0;
  const others: string[] = [];
  for (const { place, things } of left)
    for (const [index, { kind, name, bytes: size }] of things.entries()) {
      const removal = removals.get(place)?.[index];
      if (removal === 'removed') bytes += size ?? 0;
      else if (removal === 'needed') others.push(`${place}: ${kind} ${name} stays: it is needed again`);
      else if (removal) others.push(`${place}: ${kind} ${name} could not be removed: ${removal.failed}`);
    }
  return joined([...others, `Removed ${sizeText(bytes)}.`], '\n');
}

/** Whether the machine refused to remove something. */
export const hasFailed = (removals: Removals): boolean =>
  [...removals.values()].flat().some((removal) => typeof removal === 'object');

/** @param removals null: nothing was removed */
export const machinesJson = (
  left: readonly LeftOn[],
  problems: readonly PlaceProblem[],
  removals: Removals | null,
) => ({
  bytes: bytesOn(left),
  machines: left.map(({ place, things, stays, noImages, more }) => ({
    machine: place,
    unneeded: things.map((thing, index) => ({ ...thing, outcome: outcomeOf(removals?.get(place)?.[index]) })),
    stays,
    no_images: noImages,
    more,
  })),
  problems: problems.map(({ place, problem }) => ({ machine: place, problem: problem.message })),
  removed: removals !== null,
});

const outcomeOf = (removal: Removal | undefined) =>
  typeof removal === 'object' ? 'failed' : (removal ?? null);
