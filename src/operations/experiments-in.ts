import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { mendExperimentName } from '../experiment/experiment-name.js';
import { readBounded } from '../runs/bounded-file.js';

// The experiments of a project, found in its folders. Others may have written these, so reading them has limits.

/** An experiment found in a project. */
export interface FoundExperiment {
  /** Absolute. */
  readonly folder: string;
  /** `experiment_name`; null: parameters.json cannot be read, or is missing while there are records. */
  readonly name: string | null;
}

/** The maximum depth of an experiment below the project's root, and the most folders that are searched. */
const deepest = 6;
const mostFolders = 5_000;

/** Folders that are not searched: hidden ones, and those that programs fill. */
const passedOver = /^\.|^(?:node_modules|__pycache__|site-packages|venv)$/;

/** Whether the folder has parameters.json, or records of an experiment that had one. */
export const isExperimentFolder = (folder: string): boolean =>
  existsSync(join(folder, 'parameters.json')) || hasRecords(folder);

// The home folder has a .logistician too, but not this file in it.
function hasRecords(folder: string): boolean {
  try {
    const found = lstatSync(join(folder, '.logistician', 'deployment.json'), { throwIfNoEntry: false });
    return found !== undefined;
  } catch {
    // We may have no permission.
    return false;
  }
}

/** The root of the repository that contains a folder; null: none does. */
export function projectRoot(folder: string): string | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return null;
  }
}

/** The experiments below a folder, the nearest first, then by path. Nested repositories are left out. */
export function experimentsIn(root: string): FoundExperiment[] {
  const found: FoundExperiment[] = [];
  let level = [root];
  let left = mostFolders;
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level.slice(0, left)) {
      const experiment = experimentAt(folder);
      if (experiment) found.push(experiment);
      next.push(...foldersIn(folder, experiment !== null));
    }
    left -= Math.min(left, level.length);
    level = next;
  }
  return found;
}

/** null: the folder is not an experiment. Other programs use files called parameters.json, too. */
export function experimentAt(folder: string): FoundExperiment | null {
  const path = join(folder, 'parameters.json');
  if (!existsSync(path)) return hasRecords(folder) ? { folder, name: null } : null;
  const name = nameIn(path);
  return name !== null || existsSync(join(folder, 'Dockerfile')) ? { folder, name } : null;
}

/** `experiment_name` of a parameters.json, even of an invalid one. */
function nameIn(path: string): string | null {
  try {
    const text =
      readBounded(path)
        ?.bytes.toString('utf8')
        .replace(/^\ufeff/, '') ?? '';
    const { experiment_name: name } = JSON.parse(text) as { experiment_name?: unknown };
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}

function foldersIn(folder: string, isExperiment: boolean): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !passedOver.test(entry.name))
      .filter(({ name }) => !(isExperiment && name === 'runs'))
      .map(({ name }) => join(folder, name))
      .filter((path) => !existsSync(join(path, '.git')))
      .sort();
  } catch {
    // We may have no permission.
    return [];
  }
}

/** A folder, not existing yet, for a new experiment of the project: beside the others, or in experiments/. */
export function freeFolder(root: string): string {
  const last = experimentsIn(root)
    .filter(({ folder }) => folder !== root)
    .at(-1);
  const [parent, stem] = last
    ? [dirname(last.folder), basename(last.folder).replace(/-?\d+$/, '')]
    : [join(root, 'experiments'), basename(root)];
  for (let number = 1; ; number++) {
    const folder = join(parent, `${mendExperimentName(stem)}-${number}`);
    if (!existsSync(folder)) return folder;
  }
}

/** Folders of other experiments of the project that have that name. */
export const namesakes = (folder: string, name: string): string[] =>
  experimentsIn(projectRoot(folder) ?? folder)
    .filter((one) => one.name === name && one.folder !== folder)
    .map((one) => one.folder);

/** The name, with a number appended if another experiment of the project has it. */
export function freeName(folder: string, name: string): string {
  const taken = new Set(experimentsIn(projectRoot(folder) ?? folder).map((one) => one.name));
  const stem = name.replace(/-\d+$/, '');
  for (let [number, free] = [2, name]; ; number++) {
    if (!taken.has(free)) return free;
    free = mendExperimentName(`${stem}-${number}`);
  }
}

/** Whether the word is the name of the experiment or of its folder. */
export const isCalled = ({ folder, name }: FoundExperiment, word: string): boolean =>
  name === word || basename(folder) === word;
