import { describe, expect, it } from 'vitest';
import { finishedMachines } from '../../../src/operations/release.js';
import type { CloudMachine, Deployment } from '../../../src/runs/deployment.js';
import type { RunRecord } from '../../../src/runs/run-record.js';

const names = ['home', 'not-home', 'running', 'failed', 'refused', 'idle'];

const deployment = {
  machines: [
    ...names.map((name) => ({ name, released: null, cloud: {} as CloudMachine })),
    { name: 'gone', released: 'yesterday', cloud: {} as CloudMachine },
    { name: 'a-host', released: null },
  ],
  jobs: ['home', 'not-home', 'running', 'failed', 'refused', 'gone', 'a-host'].map((machine) => ({
    run: machine,
    machine,
  })),
} as unknown as Deployment;

const records: Record<string, Partial<RunRecord>> = {
  home: { state: 'succeeded', collected: 'now' },
  'not-home': { state: 'succeeded', collected: null },
  running: { state: 'running', collected: null },
  failed: { state: 'failed', reason: 'exit', collected: 'now' },
  refused: { state: 'failed', reason: 'capacity', collected: 'now' },
  gone: { state: 'succeeded', collected: 'now' },
  'a-host': { state: 'succeeded', collected: 'now' },
};

describe('finishedMachines', () => {
  const finished = (keepFailed: boolean) =>
    finishedMachines(deployment, (run) => (records[run] ?? null) as RunRecord | null, keepFailed).map(
      ({ name }) => name,
    );

  it('are the rented ones whose jobs have ended and are home', () => {
    expect(finished(false)).toEqual(['home', 'failed', 'refused']);
  });

  it('leave those of failed jobs to a person who wants to look', () => {
    expect(finished(true)).toEqual(['home', 'refused']);
  });
});
