import type { Notify } from '../operations/session.js';
import { filled, foldedCommand } from './fold.js';
import type { Screen } from './screen.js';
import { bold, type Text, yellow } from './style.js';
import { suggested } from './suggestions.js';

const label = 'Warning:';

/** What a reader of the result should know, beside it. */
export const remark = (screen: Pick<Screen, 'write' | 'width'>, text: string): void => {
  const head = 'Note:';
  const whole = filled(`${head} ${text}`, screen.width);
  screen.write([yellow(head), whole.slice(head.length), '\n']);
};

/** Shows the notices of operations on the screen. */
export function notifyOn(screen: Pick<Screen, 'write' | 'width'>): Notify {
  const say = (text: string, style: (text: string) => Text = String) =>
    screen.write([style(filled(text, screen.width)), '\n']);
  const warned = new Set<string>();
  return {
    step: (text) => say(text, bold),
    note: (text) => say(text),
    // Once per command, however often it polls.
    warn: (text, suggestions = []) => {
      if (warned.has(text)) return;
      warned.add(text);
      say(`${label} ${text}`, (line) => [yellow(label), line.slice(label.length)]);
      for (const line of suggested(suggestions))
        screen.write([foldedCommand(`  ${line}`, screen.width), '\n']);
    },
  };
}
