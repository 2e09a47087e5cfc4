import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  elsewhere,
  executed,
  executedElsewhere,
  executedOnMachines,
  executedOnRuns,
} from '../support/remedies.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }));

/** Classes of problems that a person can solve, by those that they extend. */
function problemClasses(): Map<string, string> {
  const found = new Map<string, string>();
  const all = files.flatMap(({ text }) => [...text.matchAll(/class (\w+) extends (\w+)/g)]);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [, name = '', parent = ''] of all)
      if (parent === 'UserError' || found.has(parent)) found.set(name, parent);
  }
  return found;
}

/** From a bracket to the one that closes it. */
function bracketed(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return text.slice(from, at + 1);
  }
  return text.slice(from);
}

/** Whether the words of a call have a second argument that proposes anything. */
const proposes = (call: string): boolean =>
  /,\s*(?:\[(?!\])|\w+Lines\(|suggestions|mend|\w+\.suggestions|failed\.flatMap|missing\.map)/.test(call);

const classesWithRemedies = new Set(
  [...problemClasses().keys()].filter((name) =>
    files.some(({ text }) => {
      // One with nothing of its own ends where it begins.
      const at = text.search(new RegExp(`class ${name} extends \\w+ \\{$`, 'm'));
      const own = at < 0 ? '' : text.slice(at, text.indexOf('\n}\n', at));
      const inside = own.includes('super(') && proposes(bracketed(own, own.indexOf('super(') + 5));
      const made = [...text.matchAll(new RegExp(`new ${name}\\(`, 'g'))];
      return inside || made.some(({ index }) => proposes(bracketed(text, index + name.length + 4)));
    }),
  ),
);

/** Files that make problems without a class of their own, and propose something. */
const filesWithRemedies = new Set(
  files
    .filter(({ text }) =>
      [...text.matchAll(/new UserError\(/g)].some(({ index }) => proposes(bracketed(text, index + 13))),
    )
    .map(({ path }) => path),
);

describe('N6: each remedy', () => {
  const listed = [
    ...executed,
    ...executedOnMachines,
    ...executedOnRuns,
    ...Object.keys(executedElsewhere),
    ...Object.keys(elsewhere),
  ];

  it('is executed by a test, or listed with why it is not', () => {
    const all = [...classesWithRemedies, ...filesWithRemedies];
    expect(all.filter((name) => !listed.includes(name))).toEqual([]);
    expect(all.length).toBeGreaterThan(60);
  });

  it('is in the test that is said to execute it', () => {
    const texts = new Map<string, string>(
      [...new Set(Object.values(executedElsewhere))].map((path) => [
        path,
        readFileSync(join(root, path), 'utf8'),
      ]),
    );
    const isNamed = ([name, path]: [string, string]) =>
      new RegExp(`(\\bof: |\\bof = |(proposed|told)\\(\\s*|toldBy\\(project, )'${name}'`).test(
        texts.get(path) ?? '',
      );
    expect(Object.entries(executedElsewhere).filter((one) => !isNamed(one))).toEqual([]);
  });

  it('is in one list, and still proposed', () => {
    expect(listed.filter((name, place) => listed.indexOf(name) !== place)).toEqual([]);
    const known = [...problemClasses().keys(), ...files.map(({ path }) => path)];
    expect(listed.filter((name) => !known.includes(name))).toEqual([]);
  });
});
