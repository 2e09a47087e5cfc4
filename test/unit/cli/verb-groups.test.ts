import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { verbGroups } from '../../../src/cli/verb-groups.js';

it('Help has each verb in one group', () => {
  const verbs = readdirSync(new URL('../../../src/commands', import.meta.url)).map((file) =>
    file.slice(0, -3),
  );
  expect(Object.values(verbGroups).flat().sort()).toEqual(verbs.sort());
});
