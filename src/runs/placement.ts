import type { DeployedJob, Deployment, Place } from './deployment.js';

// Pure functions about the places of jobs.

export const jobOf = ({ jobs }: Pick<Deployment, 'jobs'>, run: string | undefined): DeployedJob | undefined =>
  jobs.find((job) => job.run === run);

/** @throws Error if the deployment does not have the job's place, which is a bug */
export function placeOf({ id, places }: Deployment, { place }: Pick<DeployedJob, 'place'>): Place {
  const found = places.find(({ name }) => name === place);
  if (!found) throw new Error(`${place} is not a place of deployment ${id}`);
  return found;
}

export const jobsAt = <T extends Pick<DeployedJob, 'place'>>(jobs: readonly T[], place: string): T[] =>
  jobs.filter((job) => job.place === place);

export const unreleased = ({ places }: Pick<Deployment, 'places'>): readonly Place[] =>
  places.filter(({ released }) => released === null);

/** Rented places that exist now. */
export const existing = (deployment: Pick<Deployment, 'places'>): Place[] =>
  unreleased(deployment).filter(({ rented }) => rented?.exists);

/** Names of the places from which results have to be collected. */
export const placesElsewhere = ({ places }: Pick<Deployment, 'places'>): ReadonlySet<string> =>
  new Set(places.filter(({ here }) => !here).map(({ name }) => name));

/** Folders of jobs that were moved away from the place. */
export const movedFrom = (jobs: readonly DeployedJob[], place: string): string[] =>
  jobs
    .flatMap((job) => job.moved_from ?? [])
    .filter((left) => left.place === place)
    .map(({ folder }) => folder);

/** The deployment with these places released at that time; with the last place, it is released, too. */
export function withReleased(
  deployment: Deployment,
  gone: (place: Place) => boolean,
  at: string,
): Deployment {
  const places = deployment.places.map((place) =>
    place.released === null && gone(place) ? { ...place, released: at } : place,
  );
  const all = places.every(({ released }) => released !== null);
  return { ...deployment, places, released: all ? at : null };
}
