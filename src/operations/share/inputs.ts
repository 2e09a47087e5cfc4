import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../errors.js';
import type { RunRecord } from '../../runs/record.js';
import { lookAtInputOf } from '../inputs.js';
import { importedInput, inputHere, placesOf } from '../reproduce/inputs-here.js';
import type { Session } from '../session.js';
import { names, type PackedInput, packingInput, unpacking } from './archive.js';
import { tame } from './tame.js';

/** Writes the inputs of runs to files in a folder, each once, if they have the contents that the runs had.
 * @param runs the experiment's folder runs/. @throws CannotReproduce, UserError, CommandFailed */
export async function packInputs(
  session: Session,
  runs: string,
  records: readonly RunRecord[],
  folder: string,
): Promise<PackedInput[]> {
  const packed = new Map<string, PackedInput>();
  for (const { id, recipe } of records)
    for (const [name, input] of Object.entries(recipe.inputs)) {
      const { hash } = input;
      if (!hash)
        throw new UserError(
          `The input "${name}" of ${id} has no hash, so that no import could check it: it is too large, or was not completely readable. Export the run without --inputs.`,
        );
      if (packed.has(hash)) continue;
      const { path } = await inputHere(session, id, name, input, placesOf(input, runs));
      const isFile = statSync(path).isFile();
      mkdirSync(folder, { recursive: true });
      await session.executor.change(packingInput(path, isFile, join(folder, `${hash}.tar`)));
      packed.set(hash, { hash, isFile });
    }
  return [...packed.values()];
}

/** Takes the inputs of an archive apart, and puts those with the contents that receipts in it name beside its runs.
 * @param folder the unpacked archive. @param refuse throws what is wrong with it */
export async function unpackInputs(
  session: Session,
  { folder, runs, inputs }: { folder: string; runs: string; inputs: readonly PackedInput[] },
  records: readonly RunRecord[],
  refuse: (why: string) => never,
): Promise<void> {
  const wanted = new Set(
    records.flatMap(({ recipe }) => Object.values(recipe.inputs).flatMap(({ hash }) => hash ?? [])),
  );
  for (const { hash, isFile } of inputs) {
    if (!wanted.has(hash) || existsSync(importedInput(runs, hash))) continue;
    const file = join(folder, names.inputs, `${hash}.tar`);
    if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) refuse(`the input ${hash} is not in it`);
    const into = join(folder, 'unpacked', hash);
    mkdirSync(into, { recursive: true });
    await session.executor.change(unpacking(file, into));
    tame(into);
    const [only = '', ...others] = readdirSync(into);
    const path = isFile ? join(into, only) : into;
    if (isFile && (others.length > 0 || !lstatSync(path).isFile()))
      refuse(`the input ${hash} is not one file`);
    const found = await lookAtInputOf(session, hash.slice(0, 10), path);
    if (found.hash !== hash) refuse(`the input ${hash} in it has other contents`);
    const place = importedInput(runs, hash);
    // A link there would lead elsewhere.
    if (lstatSync(dirname(place), { throwIfNoEntry: false })?.isDirectory() === false)
      refuse(`${dirname(place)} is not a folder`);
    mkdirSync(dirname(place), { recursive: true });
    renameSync(path, place);
  }
}
