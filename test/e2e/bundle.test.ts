import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/project.js';

/** The files that Node reads for a module of the bundle, each with its text. */
function loadedBy(file: string, found = new Map<string, string>()): ReadonlyMap<string, string> {
  const text = readFileSync(file, 'utf8');
  found.set(file, text);
  for (const [, path = ''] of text.matchAll(/\b(?:from|import)"(\.[^"]+)"/g)) {
    const next = join(dirname(file), path);
    if (!found.has(next)) loadedBy(next, found);
  }
  return found;
}

describe('the bundle', () => {
  const dist = join(packageRoot, 'dist');
  const files = readdirSync(dist, { recursive: true })
    .map(String)
    .filter((file) => /\.c?js$/.test(file));
  const filesWith = (word: string) =>
    files.filter((file) => readFileSync(join(dist, file), 'utf8').includes(word));

  it('says nothing of where it was built', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(filesWith(packageRoot)).toEqual([]);
  });

  it('has few files for a verb, and none of what only some calls need', () => {
    // Words of dockerode, of the SDK of AWS, of the stack, and of the validators of receipts.
    const late = ['X-Registry-Auth', 'DescribeInstances', 'cdktf', '#/properties/edited_during_run'];
    expect(late.filter((word) => filesWith(word).length === 0)).toEqual([]);
    const verbs = readdirSync(join(dist, 'commands'));
    expect(verbs).toContain('run.js');
    for (const verb of verbs) {
      const texts = [...loadedBy(join(dist, 'commands', verb)).values()];
      expect(texts.length, verb).toBeLessThanOrEqual(20);
      expect(
        late.filter((word) => texts.some((text) => text.includes(word))),
        verb,
      ).toEqual([]);
    }
  });
});
