import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionFromArgv } from '../../../src/experiment/condition.js';
import { readMembers, refusalOf } from './reading.js';

const conditions = (list: string, more = '') =>
  readMembers(`"experiment_conditions": ${list}${more}`).conditions;
const argvs = (list: string, more = '') => conditions(list, more).map(({ argv }) => argv);

describe('experiment_conditions', () => {
  it('splits strings into words', () => {
    expect(argvs(`["--lr 0.1", "", "--name 'a b'"]`)).toEqual([['--lr', '0.1'], [], ['--name', 'a b']]);
  });

  it('passes lists as they are, numbers as written', () => {
    expect(argvs('[["a b", 1.0, 1e-3, true, false, ""], []]')).toEqual([
      ['a b', '1.0', '1e-3', 'true', 'false', ''],
      [],
    ]);
  });

  it('makes options of objects', () => {
    expect(
      conditions('[{"lr": 1.0, "adam": true, "dropout": false, "seed": null, "layers": [64, 3.20]}]'),
    ).toEqual([
      {
        ...conditionFromArgv(['--lr', '1.0', '--adam', '--layers', '64', '3.20']),
        parameters: '{"lr":1.0,"adam":true,"dropout":false,"seed":null,"layers":[64,3.20]}',
      },
    ]);
  });

  it('has no parameters for words', () => {
    expect(conditions('["--lr 0.1", ["x"]]').map(({ parameters }) => parameters)).toEqual(['{}', '{}']);
  });

  it.each([
    ['--key value', ['--lr', '0.1', '--adam', '--layers', '1', '2', '--none', '-n', 'x y']],
    ['--key=value', ['--lr=0.1', '--adam', '--layers=1', '--layers=2', '-n=x y']],
    ['key=value', ['lr=0.1', 'adam=true', 'off=false', 'layers=[1,2]', 'none=[]', '-n=x y']],
  ])('writes objects in the style %s', (style, argv) => {
    const object = '{"lr": 0.1, "adam": true, "off": false, "layers": [1, 2], "none": [], "-n": "x y"}';
    expect(argvs(`[${object}]`, `, "argument_style": "${style}"`)).toEqual([argv]);
  });

  it('L12: passes false in the style of Hydra, and leaves null out', () => {
    const both = argvs('[{"bn": false, "wd": null}, {"bn": true}]', ', "argument_style": "key=value"');
    expect(both).toEqual([['bn=false'], ['bn=true']]);
  });

  it('gives equal arguments equal ids, in any form and place', () => {
    const [text] = conditions('["--lr 0.1"]');
    expect(conditions('["x", {"lr": 0.1}]')[1]?.id).toBe(text?.id);
    expect(conditions('[["--lr", 0.1], "x"]')[0]?.id).toBe(text?.id);
  });

  it('keeps the text of every number', () => {
    const digits = fc
      .tuple(
        fc.integer(),
        fc.option(fc.stringMatching(/^[0-9]{1,25}$/)),
        fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,4}$/)),
      )
      .map(
        ([whole, fraction, exponent]) =>
          `${whole}${fraction === null ? '' : `.${fraction}`}${exponent ?? ''}`,
      );
    fc.assert(
      fc.property(digits, (number) => {
        const [list, object] = conditions(`[["x", ${number}], {"k": ${number}}]`);
        expect(list?.argv).toEqual(['x', number]);
        expect(object?.argv).toEqual(['--k', number]);
        expect(object?.parameters).toBe(`{"k":${number}}`);
      }),
    );
  });

  it.each([
    [
      '3',
      'p.json:2:26  experiment_conditions  expected a list, such as ["--lr 0.1", "--lr 0.01"], got the number 3.',
    ],
    [
      '[3]',
      'p.json:2:27  experiment_conditions[0]  expected a string, a list of words or an object of arguments, got the number 3.',
    ],
    [
      '["a \'b"]',
      "p.json:2:27  experiment_conditions[0]  has a quote ' that is not closed: fix it, or write the condition as a list of words.",
    ],
    [
      '["a \\\\"]',
      'p.json:2:27  experiment_conditions[0]  ends in a backslash that escapes nothing: fix it, or write the condition as a list of words.',
    ],
    [
      '[["a", ["b"]]]',
      'p.json:2:33  experiment_conditions[0][1]  expected a string, a number, true or false, got a list.',
    ],
    [
      '[["a", null]]',
      'p.json:2:33  experiment_conditions[0][1]  expected a string, a number, true or false, got null.',
    ],
    [
      '[{"a": {"b": 1}}]',
      'p.json:2:33  experiment_conditions[0].a  is an object, and arguments do not nest: give each value a key of its own.',
    ],
    [
      '[{"a": [[1]]}]',
      'p.json:2:34  experiment_conditions[0].a[0]  expected a string, a number, true or false, got a list.',
    ],
    ['[{" ": 1}]', 'p.json:2:28  experiment_conditions[0][" "]  has an empty name: name the argument.'],
    [
      '["a\\u0000"]',
      'p.json:2:27  experiment_conditions[0]  holds a NUL character (\\u0000), which no argument can: remove it.',
    ],
    [
      '[{"a": "\\ud83d"}]',
      'p.json:2:27  experiment_conditions[0]  holds half a surrogate pair (\\ud800 to \\udfff alone), which is no character: write the whole pair.',
    ],
    [
      `["${'x'.repeat(131_072)}"]`,
      'p.json:2:27  experiment_conditions[0]  is 131072 bytes long, and Linux takes 131071 in one word: pass it in a file.',
    ],
    [
      '["--lr 0.1",\n {"lr": 0.1}]',
      'p.json:3:2  experiment_conditions[1]  has the same arguments as experiment_conditions[0] (line 2): --lr 0.1. Remove one of the two.',
    ],
    [
      '["", []]',
      'p.json:2:31  experiment_conditions[1]  has the same arguments as experiment_conditions[0] (line 2): none. Remove one of the two.',
    ],
    [
      '[{"a": 1, "a": 2}]',
      'p.json:2:36  experiment_conditions[0].a  is there twice, first in line 2: remove one.',
    ],
  ])('refuses %s', (list, line) => {
    expect(refusalOf(`"experiment_conditions": ${list}`)).toEqual([line]);
  });
});

describe('experiment_grid', () => {
  const grid = (text: string) => argvs('[]', `, "experiment_grid": ${text}`).map((argv) => argv.join(' '));

  it('makes all combinations, the last key varying fastest', () => {
    expect(grid('{"lr": [0.1, 1.0], "seed": [1, 2]}')).toEqual([
      '--lr 0.1 --seed 1',
      '--lr 0.1 --seed 2',
      '--lr 1.0 --seed 1',
      '--lr 1.0 --seed 2',
    ]);
  });

  it('takes a single value as a list of one, and a list in a list as one value', () => {
    expect(grid('{"lr": 1e-3, "adam": [true, false], "layers": [[64, 32]]}')).toEqual([
      '--lr 1e-3 --adam --layers 64 32',
      '--lr 1e-3 --layers 64 32',
    ]);
  });

  it('zips names with commas', () => {
    expect(grid('{"lr, batch": [[0.1, 32], [0.01, [64, 65]]], "seed": [1, 2]}')).toEqual([
      '--lr 0.1 --batch 32 --seed 1',
      '--lr 0.1 --batch 32 --seed 2',
      '--lr 0.01 --batch 64 65 --seed 1',
      '--lr 0.01 --batch 64 65 --seed 2',
    ]);
  });

  it('makes N seeds of "seeds": N', () => {
    expect(grid('{"lr": [0.1, 0.01], "seeds": 2}')).toEqual([
      '--lr 0.1 --seed 0',
      '--lr 0.1 --seed 1',
      '--lr 0.01 --seed 0',
      '--lr 0.01 --seed 1',
    ]);
    const [first] = readMembers('"experiment_grid": {"seeds": 1, "lr": 1.0}').conditions;
    expect(first?.parameters).toBe('{"seed":0,"lr":1.0}');
    expect(grid('{"seeds": [3, 4]}')).toEqual(['--seeds 3', '--seeds 4']);
    expect(argvs('[{"seeds": 3}]')).toEqual([['--seeds', '3']]);
  });

  it('concatenates a list of grids, after the list of conditions', () => {
    const all = argvs('["x"]', ', "experiment_grid": [{"a": [1, 2]}, {"b": 3}]');
    expect(all.map((argv) => argv.join(' '))).toEqual(['x', '--a 1', '--a 2', '--b 3']);
  });

  it('keeps each combination as parameters', () => {
    const [first] = readMembers('"experiment_grid": {"a,b": [[1.0, "x"]], "c": [[false, 2e5]]}').conditions;
    expect(first?.parameters).toBe('{"a":1.0,"b":"x","c":[false,2e5]}');
  });

  it.each([
    [
      '3',
      'p.json:2:20  experiment_grid  expected an object of lists, such as {"lr": [0.1, 0.01]}, got the number 3.',
    ],
    ['[]', 'p.json:2:20  experiment_grid  is empty: add an object of lists, or leave the key out.'],
    [
      '{}',
      'p.json:2:20  experiment_grid  is empty: give each argument a list of its values, or leave the key out.',
    ],
    [
      '[{"a": 1}, []]',
      'p.json:2:31  experiment_grid[1]  expected an object of lists, such as {"lr": [0.1, 0.01]}, got an empty list.',
    ],
    [
      '{"lr": []}',
      'p.json:2:27  experiment_grid.lr  is an empty list, which makes no conditions: add a value, or remove the key.',
    ],
    [
      '{"lr,batch": [[1, 2], [1]]}',
      'p.json:2:42  experiment_grid["lr,batch"][1]  expected a row of 2 values, for lr, batch, got 1.',
    ],
    [
      '{"lr,batch": 3}',
      'p.json:2:33  experiment_grid["lr,batch"]  expected a row of 2 values, for lr, batch, got the number 3.',
    ],
    [
      '{"lr": [{"a": 1}]}',
      'p.json:2:28  experiment_grid.lr[0]  is an object, and arguments do not nest: give each value a key of its own.',
    ],
    ['{"a,b": [[1, 2]], "b": 1}', 'p.json:2:38  experiment_grid.b  sets b, and so does "a,b": keep one.'],
    [
      '{"seeds": 0}',
      'p.json:2:30  experiment_grid.seeds  expected how many seeds, a whole number from 1 to 100000, got the number 0.',
    ],
    [
      '{"seeds": 2.5}',
      'p.json:2:30  experiment_grid.seeds  expected how many seeds, a whole number from 1 to 100000, got the number 2.5.',
    ],
    [
      '{"seed": [7], "seeds": 2}',
      'p.json:2:34  experiment_grid.seeds  sets seed, and so does "seed": keep one.',
    ],
    [
      '{"a": [1, 1]}',
      'p.json:2:20  experiment_grid {"a":1}  has the same arguments as experiment_grid {"a":1} (line 2): --a 1. Remove one of the two.',
    ],
    [
      `{"a": [${Array.from({ length: 400 }, (_, index) => index)}], "b": [${Array.from({ length: 400 }, (_, index) => index)}]}`,
      'p.json:2:20  experiment_grid  makes 160000 conditions; 100000 are the most. Shorten its lists.',
    ],
  ])('refuses %s', (text, line) => {
    expect(refusalOf(`"experiment_grid": ${text}`)).toEqual([line]);
  });

  it('names both where a list and a grid make the same condition', () => {
    expect(refusalOf('"experiment_conditions": ["--a 1"],\n"experiment_grid": {"a": [1]}')).toEqual([
      'p.json:3:20  experiment_grid {"a":1}  has the same arguments as experiment_conditions[0] (line 2): --a 1. Remove one of the two.',
    ]);
  });
});

describe('10,000 conditions', () => {
  const count = 10_000;
  const objects = Array.from(
    { length: count },
    (_, index) => `{"seed": ${index}, "lr": 1e-3, "name": "a b", "adam": true}`,
  );

  it('are expanded and checked', () => {
    const all = conditions(`[${objects}]`);
    expect(new Set(all.map(({ id }) => id)).size).toBe(count);
  });

  it('do not flood a screen with their problems', () => {
    const lines = refusalOf(`"experiment_conditions": [${Array.from({ length: count }, () => '"x"')}]`);
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe(`and ${count - 1 - 100} more problems like these`);
  });
});
