import type { Notify } from '../operations/session.js';
import { bold, type Text, yellow } from './style.js';

/** Tells a person what goes on. */
export function notifyOn(screen: { write(text: Text): void }): Notify {
  const say = (text: Text) => screen.write([text, '\n']);
  const warned = new Set<string>();
  return {
    step: (text) => say(bold(text)),
    note: (text) => say(text),
    // Once is enough, however often one looks.
    warn: (text) => {
      if (!warned.has(text)) say([yellow('Warning:'), ` ${text}`]);
      warned.add(text);
    },
  };
}
