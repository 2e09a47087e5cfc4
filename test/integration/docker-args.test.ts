import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { short, switches, valued } from '../../src/experiment/docker-args.js';
import { isMissing } from '../support/engines.js';

describe.skipIf(isMissing('docker'))('the options of docker run', () => {
  it('of the docker that is here are known, and which of them have a value', () => {
    const help = execFileSync('docker', ['run', '--help'], { encoding: 'utf8' });
    const found = [...help.matchAll(/^ +(?:-(\w), )?--([\w-]+)(?: (\S+))? {2}/gm)];
    expect(found.length).toBeGreaterThan(80);
    for (const [, letter, name = '', value] of found) {
      expect((value === undefined ? switches : valued).has(name), name).toBe(true);
      if (letter) expect(short[letter]).toBe(name);
    }
  });
});
