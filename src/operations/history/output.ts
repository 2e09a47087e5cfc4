import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ownLine, UserError } from '../../errors.js';
import { command } from '../../shell/command.js';
import { CommandFailed } from '../../shell/executor.js';
import { pasteable } from '../../shell/word.js';
import type { Session } from '../session.js';
import type { NamedRun } from './one-run.js';

/** A file or a folder that a run does not have. */
export class NoOutputOfRun extends UserError {
  constructor({ id, folder }: NamedRun, path: string) {
    super(`${id} has no ${path} here.`, [
      pasteable`ls ${join(folder, 'data')}`,
      ownLine('sync', [], 'collects what is on other machines'),
    ]);
  }
}

/** Results are not copied over others. */
export class FolderExists extends UserError {
  /** @param words that named what is copied */
  constructor(path: string, words: readonly string[]) {
    super(`${path} exists, and nothing in it is replaced.`, [
      ownLine('output', [...words, '--output', `${path.replace(/\/+$/, '')}-2`]),
      ownLine('output', [...words, '--output', path, '--force'], 'replaces files of the same names'),
    ]);
  }
}

/** Standard output is no folder. */
class NotOneFile extends UserError {
  /** @param words that named the run and the path */
  constructor({ source, files }: RunOutput, words: readonly string[]) {
    const [run = 'last', path] = words;
    super(`${source} is a folder, and "-o -" takes one file.`, [
      ...files
        .slice(0, 3)
        .map((file) =>
          ownLine('output', [run, path === undefined ? file.path : join(path, file.path), '-o', '-']),
        ),
      pasteable`tar -c -C ${source} .`,
    ]);
  }
}

export interface OutputFile {
  /** Below the asked-for path. */
  readonly path: string;
  readonly bytes: number;
}

export interface RunOutput {
  /** Absolute path of the file or folder. */
  readonly source: string;
  readonly isFolder: boolean;
  readonly files: readonly OutputFile[];
}

/** What a run has left: of its results, or, if there is no such file among them, of all of its data/.
 * @param path below data/results or data/; null: all results. @throws NoOutputOfRun */
export function outputOf(run: NamedRun, path: string | null): RunOutput {
  const clean = path?.replace(/^(\.?\/+)*(data\/)?|\/+$/g, '') ?? '';
  const isOutside = clean.split('/').includes('..');
  const data = join(run.folder, 'data');
  const places = path === null ? [join(data, 'results')] : [join(data, 'results', clean), join(data, clean)];
  const source = isOutside ? undefined : places.find((one) => kindOf(data, one) !== null);
  if (source === undefined) throw new NoOutputOfRun(run, path ?? 'results');
  const isFolder = kindOf(data, source) === 'folder';
  return {
    source,
    isFolder,
    files: isFolder ? listed(source) : [{ path: '', bytes: lstatSync(source).size }],
  };
}

/** null: it does not exist, or a link is on the way there, which could lead anywhere. */
function kindOf(data: string, path: string): 'file' | 'folder' | null {
  const names = path.slice(data.length + 1).split('/');
  for (let at = 0; at <= names.length; at++) {
    const found = lstatSync(join(data, ...names.slice(0, at)), { throwIfNoEntry: false });
    const isLast = at === names.length;
    if (isLast && found?.isFile()) return 'file';
    if (!found?.isDirectory()) return null;
  }
  return 'folder';
}

function listed(folder: string): OutputFile[] {
  const files: OutputFile[] = [];
  const walk = (path: string) => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const inner = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) walk(inner);
      else
        files.push({
          path: inner,
          bytes: lstatSync(join(folder, inner), { throwIfNoEntry: false })?.size ?? 0,
        });
    }
  };
  walk('');
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Writes a file to our standard output. @param words that named it @throws NotOneFile, CommandFailed */
export async function printOutput(
  { executor }: Session,
  output: RunOutput,
  words: readonly string[],
): Promise<void> {
  if (output.isFolder) throw new NotOneFile(output, words);
  const line = command('cat', output.source);
  const outcome = await executor.attempt(line, { stdout: 'inherit' });
  // Such as head, which has read enough.
  const readerLeft = outcome.signal === 'SIGPIPE';
  if (outcome.code !== 0 && !readerLeft) throw new CommandFailed(line, outcome);
}

/** Copies it; links stay links, and are not followed.
 * @param into the folder that gets the files, or the file. @throws FolderExists */
export async function copyOutput(
  session: Session,
  { source, isFolder }: RunOutput,
  into: string,
  { force, words }: { readonly force: boolean; readonly words: readonly string[] },
): Promise<void> {
  const target = resolve(into);
  if (existsSync(target) && !force) throw new FolderExists(into, words);
  const { executor } = session;
  await executor.change(command('mkdir', '-p', isFolder ? target : resolve(target, '..')));
  const from = isFolder ? `${source}/.` : source;
  await executor.change(
    command('cp', '-R', '-P', '-p', ...(force ? ['--remove-destination'] : []), '--', from, target),
  );
}
