import { relative } from 'node:path';

/** A path as a person would type it: relative to the current folder if it is in there, otherwise as it is. */
export function fromHere(path: string): string {
  const way = relative('', path);
  return way === '' || /^\.\.(?:\/|$)/.test(way) ? path : way;
}
