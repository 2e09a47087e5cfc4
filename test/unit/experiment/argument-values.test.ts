import { describe, expect, it } from 'vitest';
import { argumentValues } from '../../../src/experiment/argument-values.js';
import { splitWords } from '../../../src/experiment/words.js';

describe('argumentValues', () => {
  it.each([
    ['', {}],
    ['--lr 0.1 --adam --layers 64 32', { lr: ['0.1'], adam: ['true'], layers: ['64', '32'] }],
    ['--lr=0.1 -v -n 3 --shift -1e-3', { lr: ['0.1'], v: ['true'], n: ['3'], shift: ['-1e-3'] }],
    [
      'model=small +opt.lr=1e-2 layers=[64,32]',
      { model: ['small'], 'opt.lr': ['1e-2'], layers: ['[64,32]'] },
    ],
    ['train data.csv --name "two words" --text=a=b', { name: ['two words'], text: ['a=b'] }],
  ])('of the words %j', (text, values) => {
    expect(Object.fromEntries(argumentValues({ argv: splitWords(text), parameters: '{}' }))).toEqual(values);
  });

  it('goes by the keys of the file, digits as they were written', () => {
    const argv = ['--lr', '1.0', '--adam', '--layers', '64', '32'];
    const parameters =
      '{"lr":1.0,"adam":true,"layers":[64,32],"nesterov":false,"--seed":12345678901234567890}';
    expect(Object.fromEntries(argumentValues({ argv, parameters }))).toEqual({
      lr: ['1.0'],
      adam: ['true'],
      layers: ['64', '32'],
      nesterov: ['false'],
      seed: ['12345678901234567890'],
    });
  });
});
