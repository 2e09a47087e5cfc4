import type { Notify } from '../operations/session.js';
import type { colorsFor } from './style.js';

/** Tells a person on standard error what goes on. */
export function notifyOn(stream: NodeJS.WritableStream, colors: ReturnType<typeof colorsFor>): Notify {
  const say = (text: string) => stream.write(`${text}\n`);
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
