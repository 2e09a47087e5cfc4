import { filled } from './fold.js';
import { dim, joined, type Text } from './style.js';
import { visibleLine } from './text.js';

/** Names and values, a line each; a value of several lines below one another. Empty values are left out. */
export function factsView(facts: readonly (readonly [string, string | null])[], width: number): Text {
  const told = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== '');
  const room = Math.max(0, ...told.map(([name]) => name.length)) + 2;
  return joined(
    told.map(([name, value]) => {
      const lines = value
        .split('\n')
        .flatMap((line) => filled(visibleLine(line), Math.max(20, width - room)).split('\n'));
      return joined(
        lines.map((line, at) => [dim((at === 0 ? name : '').padEnd(room)), line]),
        '\n',
      );
    }),
    '\n',
  );
}
