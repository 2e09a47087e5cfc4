import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunStore } from '../../runs/store.js';
import { abandonedIn } from '../../runs/work-folder.js';
import { isNamedByProcess } from '../../shell/processes.js';
import { importedInput } from '../reproduce/inputs-here.js';
import { repetitionsOf } from '../reproduce/reproduce.js';
import { importing } from '../share/import.js';
import { inputsIn } from './chained.js';
import { bytesOf, type Removable } from './files.js';

/** What commands have left that have ended: repetitions of these runs that came out different, or were cut off, and
 * imports that were cut off; and imported inputs of runs that are gone. @param runs the folder runs/ of the experiment */
export function leftoversOf(home: string, runs: string, ids: ReadonlySet<string>): Removable {
  // RUN alone is of printed lines, which a person may still use.
  const isRepetition = (name: string) => {
    const [run = '', suffix] = name.split('.');
    return ids.has(run) && suffix !== undefined;
  };
  // Earlier ones had a `-` there.
  const isImport = (name: string) => name.startsWith(importing) && /^[.-]/.test(name.slice(importing.length));
  const imports = abandonedIn(runs, isImport);
  const paths = [
    ...abandonedIn(repetitionsOf(home), isRepetition),
    ...imports,
    ...(isImporting(runs, imports) ? [] : unusedInputs(runs)),
  ].filter((path) => !isNamedByProcess(path));
  return { paths, bytes: paths.reduce((sum, path) => sum + bytesOf(path), 0) };
}

/** Whether an import is running, which brings inputs before the runs that need them. @param abandoned what others left */
const isImporting = (runs: string, abandoned: readonly string[]): boolean =>
  existsSync(runs) &&
  readdirSync(runs).some((name) => name.startsWith(importing) && !abandoned.includes(join(runs, name)));

/** None while a receipt cannot be read: its run may need any of them. */
function unusedInputs(runs: string): string[] {
  const folder = importedInput(runs, '');
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const store = new RunStore(dirname(runs), true);
  const inputs = store.ids().map((id) => inputsIn(store.pathOf(id)));
  if (inputs.includes(null)) return [];
  const used = new Set(inputs.flatMap((one) => (one ?? []).map(({ hash }) => hash)));
  return readdirSync(folder)
    .filter((name) => !used.has(name))
    .map((name) => join(folder, name));
}
