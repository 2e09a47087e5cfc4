import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobState, RunState } from '../../../src/machines/job-state.js';
import { jobStateOf } from '../../../src/machines/read-job-state.js';
import { hasEnded, withState } from '../../../src/runs/record.js';
import { receiptOf, receiptProblems } from '../../support/receipts.js';

const at = '2026-11-20T12:00:01Z';
const job: JobState = {
  run: 'run-1',
  state: 'running',
  reason: null,
  exit_code: null,
  slot: '1',
  gpus: 'device=0',
  container: 'logistician-run-1',
  image: `sha256:${'1'.repeat(64)}`,
  machine: 'gpu1.example.org',
  boot: '1',
  started: at,
  finished: null,
  kept: null,
  times: { pending: at, running: at },
};

describe('withState', () => {
  const record = receiptOf('--lr 1', { state: 'pending', engine: { name: 'docker', version: '27.3.1' } });

  it('takes over what the runner knows, and leaves the rest', () => {
    const { container: _, boot: __, run: ___, image, machine, ...known } = job;
    expect(withState(record, job)).toEqual({
      ...record,
      ...known,
      image: { ...record.image, id: image },
      machine: { ...record.machine, name: machine },
    });
  });

  it('keeps the name that the person has for another machine', () => {
    const hosts = receiptOf('', { target: 'hosts' });
    expect(withState(hosts, job).machine).toEqual(hosts.machine);
  });

  it('takes over engine, base and GPUs where the runner tells of them', () => {
    const base = [{ name: 'debian', id: `sha256:${'2'.repeat(64)}`, digests: [] }];
    const facts = { engine: { name: 'podman', version: '5' }, gpu_names: ['H100'], driver: '570' };
    const known = withState(record, { ...job, ...facts, base });
    expect(known).toMatchObject({ ...facts, image: { id: job.image, base } });
    expect(withState(known, job)).toEqual(known);
  });

  it('knows an end', () => {
    expect(hasEnded(record)).toBe(false);
    expect(hasEnded(withState(record, { ...job, state: 'lost', reason: 'reboot' }))).toBe(true);
  });
});

describe('T13: what a machine says', () => {
  const states: RunState[] = ['pending', 'fetching', 'building', 'running', 'succeeded', 'failed', 'lost'];
  const odd = fc.oneof(
    fc.constant(undefined),
    fc.constantFrom(null, '', 0, 7, 256, -1, 0.5, true, [], {}, 'x', at, 'exit', 'copied', job.image),
    fc.dictionary(fc.constantFrom(...states, 'x'), fc.constantFrom(at, null, 'x')),
    fc.record({ name: fc.constantFrom('docker', 'process', '', null), version: fc.constantFrom('1', '', 2) }),
    fc.array(fc.constantFrom('', 'H100', null, { name: 'x', id: job.image, digests: [''] })),
  );
  const changes = fc.dictionary(
    fc.constantFrom(...Object.keys(job), 'engine', 'base', 'gpu_names', 'driver'),
    odd,
    { maxKeys: 4 },
  );

  it('never makes a receipt unreadable', () => {
    const record = receiptOf('--lr 1', { state: 'pending' });
    fc.assert(
      fc.property(fc.constantFrom(...states), changes, (state, changed) => {
        const whole = {
          times: Object.fromEntries(states.map((one) => [one, at])),
          finished: at,
          exit_code: 0,
        };
        const said = jobStateOf({ ...job, ...whole, state, ...changed });
        if (said) expect(receiptProblems(withState(record, said))).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });
});
