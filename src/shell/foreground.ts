import { readFileSync } from 'node:fs';

/** Whether this process may read from its terminal: one in the background would be suspended. Known on Linux only;
 * elsewhere the process counts as in the foreground. */
export function isInForeground(): boolean {
  try {
    return ownsTerminal(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return true;
  }
}

/** @param stat `/proc/PID/stat`: after the name in parentheses: state, parent, group, session, terminal, and the
 * terminal's foreground group (-1: none) */
export function ownsTerminal(stat: string): boolean {
  const [, , group, , , foreground] = stat.replace(/^.*\)/s, '').trim().split(' ');
  return foreground === group || Number(foreground) <= 0;
}
