/** A place that takes jobs. */
interface Slots {
  readonly name: string;
  readonly slots: readonly string[];
}

/** Spreads new jobs over places: each goes to the place with the fewest open jobs per slot; of equals, the first.
 * @param load how many open jobs a place has already, by its name
 * @returns a place for each job, in order */
export function assignSlots<T extends Slots>(
  count: number,
  places: readonly T[],
  load: ReadonlyMap<string, number>,
): T[] {
  const open = places.map((place) => ({ place, jobs: load.get(place.name) ?? 0 }));
  const crowd = ({ place, jobs }: (typeof open)[number]) => (jobs + 1) / place.slots.length;
  return Array.from({ length: open.length === 0 ? 0 : count }, () => {
    const best = open.reduce((one, other) => (crowd(other) < crowd(one) ? other : one));
    best.jobs++;
    return best.place;
  });
}
