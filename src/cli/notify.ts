import type { Notify } from '../operations/session.js';
import type { colorsFor } from './style.js';

/** Tells a person what goes on. */
export function notifyOn(
  screen: { write(text: string): void },
  colors: ReturnType<typeof colorsFor>,
): Notify {
  const say = (text: string) => screen.write(`${text}\n`);
  const warned = new Set<string>();
  return {
    step: (text) => say(colors.bold(text)),
    note: (text) => say(text),
    // Once is enough, however often one looks.
    warn: (text) => {
      if (!warned.has(text)) say(`${colors.yellow('Warning:')} ${text}`);
      warned.add(text);
    },
  };
}
