import { describe, expect, it } from 'vitest';
import { machinesOf } from '../../../src/cli/machine-flags.js';

const flags = (hosts?: string) => ({ hosts, 'accept-new-host-keys': false });
const hostsIn = (list: string) => machinesOf(flags(list), false).hosts?.map(({ address }) => address);
const key = { type: 'ssh-ed25519', key: 'AAAA' };

describe('--hosts', () => {
  it.each([
    ['gpu1', ['gpu1']],
    ['me@gpu1,gpu2:2222', ['me@gpu1', 'gpu2:2222']],
    [' gpu1, gpu2\n,gpu3,, ', ['gpu1', 'gpu2', 'gpu3']],
    ['[fe80::1]:22', ['[fe80::1]:22']],
  ])('%j names %j', (list, addresses) => {
    expect(hostsIn(list)).toEqual(addresses);
  });

  it.each(['', ' , ', 'gpu1,-oProxyCommand=x', 'gpu1;gpu2', 'a:b'])('%j is refused', (list) => {
    expect(() => hostsIn(list)).toThrow(/^--hosts takes machines with commas between them/);
  });

  it('left out, it leaves the file its say', () => {
    expect(machinesOf(flags(), false).hosts).toBeNull();
  });
});

describe('an unknown machine', () => {
  it('is trusted only by the flag, where no user can be asked', async () => {
    expect(await machinesOf(flags(), false).trust('gpu1', key)).toBe(false);
    expect(await machinesOf({ 'accept-new-host-keys': true }, false).trust('gpu1', key)).toBe(true);
  });
});
