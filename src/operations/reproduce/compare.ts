import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import type { Scalar } from '../../runs/measures/series.js';

/** A file of results that is not the same in both runs. Paths are relative to the folder of results. */
export interface FileDifference {
  readonly path: string;
  readonly how: 'differs' | 'missing' | 'new';
}

/** A measure that is not the same in both. null: it was not measured. */
export interface MeasureDifference {
  readonly name: string;
  readonly was: Scalar | null;
  readonly is: Scalar | null;
}

export type Verdict = 'same bytes' | 'same measures' | 'different';

/** How a run and its repetition compare. */
export interface Comparison {
  readonly verdict: Verdict;
  /** Files that were compared, and those of them that differ. */
  readonly files: { readonly compared: number; readonly different: readonly FileDifference[] };
  readonly measures: { readonly compared: number; readonly different: readonly MeasureDifference[] };
  /** Exit codes of the jobs. */
  readonly exit_codes: readonly [number | null, number | null];
}

/** What is compared of one run. */
export interface Outcome {
  /** Its folder of results, absolute. */
  readonly results: string;
  readonly measures: Readonly<Record<string, Scalar>>;
  readonly exitCode: number | null;
}

/** Compares what a run has left with what its repetition has.
 * @param tolerance the largest difference of two numbers that are taken for the same, as a share of the larger one.
 * @param ignored whether a file or a measure of that name does not count */
export async function compareOutcomes(
  was: Outcome,
  is: Outcome,
  tolerance: number,
  ignored: (name: string) => boolean,
): Promise<Comparison> {
  const files = await compareFiles(was.results, is.results, ignored);
  const measures = compareMeasures(was.measures, is.measures, tolerance, ignored);
  const endsAlike = was.exitCode === is.exitCode;
  const sameFiles = files.compared > 0 && files.different.length === 0;
  const sameMeasures = measures.compared > 0 && measures.different.length === 0;
  // Without a file and without a measure a job has nothing to compare but its end.
  const isEmpty = files.compared + measures.compared === 0;
  const verdict = !endsAlike
    ? 'different'
    : sameFiles || isEmpty
      ? 'same bytes'
      : sameMeasures
        ? 'same measures'
        : 'different';
  return { verdict, files, measures, exit_codes: [was.exitCode, is.exitCode] };
}

/** Pure. */
export function compareMeasures(
  was: Outcome['measures'],
  is: Outcome['measures'],
  tolerance: number,
  ignored: (name: string) => boolean,
): Comparison['measures'] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => !ignored(name));
  const different = names.flatMap((name) => {
    const [one = null, other = null] = [was[name], is[name]];
    return isSame(one, other, tolerance) ? [] : [{ name, was: one, is: other }];
  });
  return { compared: names.length, different };
}

function isSame(one: Scalar | null, other: Scalar | null, tolerance: number): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'number' || typeof other !== 'number') return false;
  return Math.abs(one - other) <= tolerance * Math.max(Math.abs(one), Math.abs(other));
}

async function compareFiles(
  was: string,
  is: string,
  ignored: (name: string) => boolean,
): Promise<Comparison['files']> {
  const [before, after] = await Promise.all([filesIn(was), filesIn(is)]);
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((path) => !ignored(path)).sort();
  const different: FileDifference[] = [];
  for (const path of paths) {
    const [one, other] = [before.get(path), after.get(path)];
    if (!other) different.push({ path, how: 'missing' });
    else if (!one) different.push({ path, how: 'new' });
    else if (one.size !== other.size || (await one.hash()) !== (await other.hash()))
      different.push({ path, how: 'differs' });
  }
  return { compared: paths.length, different };
}

interface Entry {
  /** In bytes; -1: a link. */
  readonly size: number;
  hash(): Promise<string>;
}

const slash = Buffer.from('/');

/** All files below a folder by their paths; links count by where they point. Names may be any bytes. */
async function filesIn(folder: string): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  const look = async (place: Buffer, below: Buffer): Promise<void> => {
    for (const entry of await entriesOf(place, below.length === 0)) {
      const whole = Buffer.concat([place, slash, entry.name]);
      const path = below.length === 0 ? entry.name : Buffer.concat([below, slash, entry.name]);
      if (entry.isDirectory()) await look(whole, path);
      else if (entry.isSymbolicLink())
        found.set(textOf(path), { size: -1, hash: async () => `-> ${await readlink(whole, 'latin1')}` });
      else if (entry.isFile())
        found.set(textOf(path), { size: (await lstat(whole)).size, hash: () => hashOf(whole) });
    }
  };
  await look(Buffer.from(folder), Buffer.alloc(0));
  return found;
}

/** UTF-8, or else each byte as one character. */
const textOf = (path: Buffer): string => (isUtf8(path) ? path.toString('utf8') : path.toString('latin1'));

async function entriesOf(place: Buffer, isTop: boolean) {
  try {
    return await readdir(place, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    // A job may have no results.
    if (isTop && (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function hashOf(path: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
