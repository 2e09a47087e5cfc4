import { homedir } from 'node:os';
import type { Verbosity } from '../operations/user-settings.js';
import { cutInTheMiddle, foldedCommand, foldedComment } from './fold.js';
import type { Screen } from './screen.js';
import { dim, yellow } from './style.js';
import { visibleLine } from './text.js';

/** Shows an issued command: whole, in one row, or not at all, by verbosity. commands.sh keeps all of them in any case.
 * In a pipe a row is as long as the command: nothing wraps there. */
export function commandShown(
  screen: Screen,
  verbosity: Verbosity,
): (line: string, kind: 'command' | 'warning', brief?: string) => void {
  return (line, kind, brief = line) => {
    if (kind === 'warning') screen.write([yellow(line), '\n']);
    else if (verbosity === 'quiet') return;
    else if (verbosity === 'verbose') screen.write([dim(wholeCommand(line, screen.width)), '\n']);
    else if (Number.isFinite(screen.width)) screen.write([dim(commandRow(brief, screen.width)), '\n']);
    else screen.write([dim(line), '\n']);
  };
}

const wholeCommand = (line: string, width: number): string =>
  line.startsWith('#') ? foldedComment(line, width) : foldedCommand(line, width);

/** A command in one row. Its beginning and its end say most, so its middle is cut. */
const commandRow = (brief: string, width: number): string =>
  cutInTheMiddle(visibleLine(brief.replaceAll(`${homedir()}/`, '~/')), width, 0.4);

/** Shows the output of a program as it comes: all of it, or only its latest line while it runs. */
export function programShown(screen: Screen, verbosity: Verbosity): (text: string) => void {
  if (verbosity === 'quiet') return () => {};
  if (verbosity === 'verbose' || !screen.redraws) return (text) => screen.write(text);
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const latest = lines.findLast((line) => line.trim() !== '');
    if (latest) screen.pass(`  ${latest.trim()}`);
  };
}
