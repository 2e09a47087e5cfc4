import { describe, expect, it } from 'vitest';
import { instanceOutcome } from '../../../../src/targets/aws/life/instances.js';
import { StillChanging } from '../../../../src/targets/aws/life/start.js';
import { instance, machine } from './machines.js';

describe('what AWS says of a machine', () => {
  const spot = { spot: { max_price: null } };

  it.each([
    ['it runs', machine('a'), instance('a'), 'ask'],
    ['it starts', machine('a'), instance('a', { state: 'pending' }), 'starting'],
    ['it has stopped', machine('a'), instance('a', { state: 'stopped' }), 'stopped'],
    ['it was never asked for', machine('a', { instance: null }), undefined, 'none'],
    ['it does not exist', machine('a'), undefined, { state: 'lost', reason: 'gone' }],
    [
      'AWS had none',
      machine('a', { instance: null, refused: 'InsufficientInstanceCapacity' }),
      undefined,
      { state: 'failed', reason: 'capacity' },
    ],
    [
      'AWS took it back',
      machine('a', spot),
      instance('a', { state: 'terminated', why: 'Server.SpotInstanceTermination' }),
      { state: 'lost', reason: 'spot' },
    ],
    [
      'a spot machine came to its deadline',
      machine('a', spot),
      instance('a', { state: 'terminated', why: 'Client.InstanceInitiatedShutdown' }),
      { state: 'lost', reason: 'deadline' },
    ],
  ] as const)('%s', (_, one, facts, outcome) => {
    expect(instanceOutcome(one, facts)).toEqual(outcome);
  });

  it('F7: it has been stopping for fifteen minutes', () => {
    expect(new StillChanging('lr-0-1', { id: 'i-1', state: 'stopping' }).message).toBe(
      'The machine of lr-0-1 (i-1) has been stopping for fifteen minutes.',
    );
  });
});
