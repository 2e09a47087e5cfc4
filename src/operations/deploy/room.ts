import type { Deployment } from '../../runs/deployment.js';
import { existing } from '../../runs/placement.js';
import { least } from './limits.js';

/** Which of these places get a machine now, if so many may exist at a time: those that have one, and as many of the
 * others, in their order, as there is room for: by the limit, and by what the provider has refused. Places that are not
 * rented always do. Pure.
 * @param names of places of the deployment @param most null: any number */
export function withRoom(
  deployment: Pick<Deployment, 'places' | 'max_places'>,
  names: Iterable<string>,
  most: number | null,
): ReadonlySet<string> {
  const rented = new Map(deployment.places.map((place) => [place.name, place.rented]));
  const limit = least(most, deployment.max_places ?? null) ?? Number.POSITIVE_INFINITY;
  let room = limit - existing(deployment).length;
  const now = new Set<string>();
  for (const name of names) {
    if (now.has(name)) continue;
    const place = rented.get(name) ?? null;
    if (place === null || place.exists || room-- > 0) now.add(name);
  }
  return now;
}
