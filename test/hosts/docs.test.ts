import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { played } from '../support/docs/pages.js';
import { Stage } from '../support/docs/stage.js';
import { baseImage, isLeftOut } from '../support/engines.js';
import { Fleet } from '../support/machines.js';

const page = played.onMachines;

describe.skipIf(isLeftOut('docker', 'git', 'sshd', 'root', 'bash', 'jq'))('the docs are run', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ gpu1: {}, gpu2: {}, gpu3: { dockerGroup: false, without: ['rsync'] } });
  });
  afterAll(() => fleet?.remove());

  it(`${page} shows what is printed`, async () => {
    const stage = new Stage(page, baseImage);
    const folder = join(stage.home, '.ssh');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'config'), `Include ${fleet.sshConfig}\n`, { mode: 0o600 });
    try {
      await stage.play();
      expect(stage.differences).toEqual([]);
    } finally {
      await stage.remove();
    }
  });
});
