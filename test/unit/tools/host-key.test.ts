import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utils } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { newHostKey } from '../../../src/tools/ssh/host-key.js';
import { isMissing } from '../../support/engines.js';

describe('a new host key', () => {
  // Enough that some begin with a zero byte, where generators go wrong, and that garbage is collected meanwhile.
  const keys = Array.from({ length: 2000 }, newHostKey);

  it('is whole each time, and signs what its public half verifies', () => {
    for (const { known, file } of keys) {
      const pair = utils.parseKey(file.reveal());
      if (pair instanceof Error) throw pair;
      expect(pair.getPublicSSH().toString('base64')).toBe(known.key);
      const fromOutside = utils.parseKey(`${known.type} ${known.key}`);
      if (fromOutside instanceof Error) throw fromOutside;
      expect(fromOutside.verify('text', pair.sign('text'))).toBe(true);
    }
    expect(new Set(keys.map(({ known }) => known.key)).size).toBe(keys.length);
  });

  it('prints as a name', () => {
    expect(`${keys[0]?.file} ${JSON.stringify(keys[0])}`).not.toContain('PRIVATE KEY');
  });

  it.skipIf(isMissing('sshd'))('is one that OpenSSH reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'logistician-key-'));
    try {
      for (const { known, file } of keys.slice(0, 20)) {
        const path = join(folder, 'key');
        writeFileSync(path, file.reveal(), { mode: 0o600 });
        const shown = execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' });
        expect(shown.trim()).toBe(`${known.type} ${known.key}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
