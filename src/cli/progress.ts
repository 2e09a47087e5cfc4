import { createLogUpdate } from 'log-update';
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

/** A picture that is drawn again and again: in place on a terminal; elsewhere only when it says something new. */
export interface Live {
  show(picture: string, news: string): void;
  done(): void;
}

/** @param news one line that tells what changed, for where nothing can be redrawn. */
export function liveOn(stream: NodeJS.WriteStream): Live {
  if (stream.isTTY) {
    const draw = createLogUpdate(stream);
    return { show: (picture) => draw(picture), done: () => draw.done() };
  }
  let last = '';
  return {
    show: (_, news) => {
      if (news !== last) stream.write(`${news}\n`);
      last = news;
    },
    done: () => {},
  };
}
