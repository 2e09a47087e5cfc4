import type { Notify } from '../operations/session.js';
import type { colorsFor } from './style.js';

/** Tells a person on standard error what goes on. */
export function notifyOn(stream: NodeJS.WritableStream, colors: ReturnType<typeof colorsFor>): Notify {
  const say = (text: string) => stream.write(`${text}\n`);
  return {
    step: (text) => say(colors.bold(text)),
    note: (text) => say(text),
    warn: (text) => say(`${colors.yellow('Warning:')} ${text}`),
  };
}
