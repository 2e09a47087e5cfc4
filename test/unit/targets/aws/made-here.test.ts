import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { isRecorded, noteDeployment, recordOf } from '../../../../src/targets/aws/cleanup/made-here.js';
import { scratchFolder } from '../../../support/repository.js';

describe('what this computer has made', () => {
  const home = scratchFolder();
  const state = join(home, '.logistician', 'experiments', 'lr-0123456789');
  const record = (text: string) => writeFileSync(join(state, 'deployment.json'), text);

  beforeEach(() => {
    rmSync(join(home, '.logistician'), { recursive: true, force: true });
    mkdirSync(state, { recursive: true });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('is on record as long as it has not been released', () => {
    noteDeployment(home, 'd1', state);
    expect(recordOf(home, 'd1')).toBe(state);
    expect(isRecorded(home, 'd1')).toBe(false);
    record('{"schema": 2, "id": "d1", "released": null}');
    expect(isRecorded(home, 'd1')).toBe(true);
    record('{"schema": 2, "id": "d1", "released": "2026-01-01T00:00:00Z"}');
    expect(isRecorded(home, 'd1')).toBe(false);
  });

  it('is not on record where another deployment has taken its place, or none was ever noted', () => {
    noteDeployment(home, 'd1', state);
    record('{"schema": 2, "id": "d2", "released": null}');
    expect(isRecorded(home, 'd1')).toBe(false);
    expect(isRecorded(home, 'd2')).toBe(false);
    expect(isRecorded(home, '../d1')).toBe(false);
  });

  it('is never ended for a record that cannot be read', () => {
    noteDeployment(home, 'd1', state);
    record('{"schema": 2, "id"');
    expect(isRecorded(home, 'd1')).toBe(true);
  });
});
