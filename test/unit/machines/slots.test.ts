import { describe, expect, it } from 'vitest';
import { type GpuWish, ownGpus, slots } from '../../../src/machines/slots.js';

const engine = (cpus: number, gigabytes: number) => ({
  version: '20.10',
  cpus,
  memory: gigabytes * 2 ** 30,
  hasNvidia: true,
  users: 'own' as const,
  architecture: 'x86_64',
});

const four = ['0', '1', '2', '3'];

describe('slots', () => {
  it.each<[string, GpuWish, string[], number, number, number | undefined, string[]]>([
    ['as many as processors', 'auto', [], 3, 64, undefined, ['-', '-', '-']],
    ['as many as memory allows', 'auto', [], 16, 5, undefined, ['-', '-']],
    ['one at least', 'none', four, 1, 1, undefined, ['-']],
    ['as many as wanted', 'auto', [], 2, 4, 5, ['-', '-', '-', '-', '-']],
    ['a GPU each', 'auto', ['0', '1'], 8, 64, undefined, ['device=0', 'device=1']],
    ['not more than wanted', 'auto', four, 8, 64, 2, ['device=0', 'device=1']],
    ['not more than GPUs', 1, ['0'], 8, 64, 3, ['device=0']],
    [
      'GPUs in groups, quoted as Docker reads them',
      2,
      four,
      8,
      64,
      undefined,
      ['"device=0,1"', '"device=2,3"'],
    ],
    ['whole groups only', 3, four, 8, 64, undefined, ['"device=0,1,2"']],
    ['all GPUs in one', 'all', four, 8, 64, undefined, ['all']],
    ['no GPU', 'none', four, 2, 64, undefined, ['-', '-']],
    ['no GPU by number', 0, four, 2, 64, undefined, ['-', '-']],
    ['one that Docker will refuse', 8, four, 8, 64, undefined, ['8']],
  ])('%s', (_, wish, gpus, cpus, memory, wanted, expected) => {
    expect(slots(wish, gpus, engine(cpus, memory), wanted)).toEqual(expected);
  });
});

describe('ownGpus', () => {
  it.each<[GpuWish, string[], string]>([
    ['auto', four, 'all'],
    ['auto', [], ''],
    ['none', four, ''],
    [0, four, ''],
    ['all', [], 'all'],
    [2, four, '2'],
  ])('%s of %j is "%s"', (wish, gpus, expected) => {
    expect(ownGpus(wish, gpus)).toBe(expected);
  });
});
