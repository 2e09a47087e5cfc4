import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leftoversOf } from '../../../src/operations/clean/leftovers.js';
import { makeWorkFolder } from '../../../src/runs/work-folder.js';
import { scratchFolder } from '../../support/repository.js';

describe('inputs that an import has brought', () => {
  const [used, unused] = ['a'.repeat(64), 'b'.repeat(64)];
  const run = '20261129-210000000-lr-1-43de3a417d';
  let scratch: string;
  let runs: string;
  const left = () => leftoversOf(join(scratch, 'home'), runs, new Set()).paths;
  const receipt = (text: string) => writeFileSync(join(runs, run, 'run.json'), text);

  beforeEach(() => {
    scratch = scratchFolder();
    runs = join(scratch, 'experiment', 'runs');
    for (const folder of [run, `.inputs/${used}`, `.inputs/${unused}`])
      mkdirSync(join(runs, folder), { recursive: true });
    receipt(JSON.stringify({ recipe: { inputs: { data: { path: '/elsewhere', hash: used } } } }));
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  it('are left over once no run has them', () => {
    expect(left()).toEqual([join(runs, '.inputs', unused)]);
  });

  it('stay while a receipt cannot be read, which may name them', () => {
    receipt('{"recipe":');
    expect(left()).toEqual([]);
  });

  it('stay while an import runs, which brings its runs after them', () => {
    const work = makeWorkFolder(join(runs, '.import'));
    expect(left()).toEqual([]);
    work.remove();
    expect(left()).toEqual([join(runs, '.inputs', unused)]);
  });
});
