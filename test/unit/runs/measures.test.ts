import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringifyWithNaN } from '../../../src/machines/numbers-in-json.js';
import { allValues, measuredBy } from '../../../src/runs/measures/measured.js';
import { readMeasures, sizeText } from '../../../src/runs/measures/read.js';
import { SeriesSum, valuesOfLine } from '../../../src/runs/measures/series.js';
import { scratchFolder } from '../../support/repository.js';

let scratch: string;
beforeEach(() => {
  scratch = scratchFolder();
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function put(name: string, text: string | Buffer): string {
  const path = join(scratch, 'measures', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
const measured = () => measuredBy(readMeasures(scratch).files);
const values = () => allValues(measured());
const problems = () => readMeasures(scratch).problems.map((one) => one.replace(/^measures\//, ''));

describe('measures', () => {
  it('are a file an entry; folders nest, JSON is parsed, the rest is text', () => {
    expect(readMeasures(scratch)).toEqual({ files: [], problems: [] });
    put('accuracy', '0.9\n');
    put('epoch_ 1', '{"loss": 0.5, "by": {"class": [1, 2]}}');
    put('val/best.json', '{"loss": 0.4}');
    put('note.txt', 'went well');
    put('flag', 'true');
    expect(measured().values).toEqual({
      accuracy: 0.9,
      'epoch_ 1.loss': 0.5,
      'epoch_ 1.by.class': '[1,2]',
      flag: true,
      note: 'went well',
      'val.best.loss': 0.4,
    });
  });

  it('have the summary over the others, and the last of each series below them', () => {
    put('train.jsonl', '{"step": 1, "loss": 3, "accuracy": 0.1}\n{"step": 2, "loss": 2, "accuracy": 0.3}\n');
    put('accuracy.txt', '0.5');
    put('summary.json', '{"accuracy": 0.9, "time": {"fit": 3}}');
    expect(measured().summary).toEqual({ accuracy: 0.9, time: { fit: 3 } });
    expect(values()).toEqual({ step: 2, loss: 2, accuracy: 0.9, 'time.fit': 3 });
    put('test.jsonl', '{"loss": 7}\n');
    expect(values()).toMatchObject({ 'train.loss': 2, 'test.loss': 7 });
    expect(values()).not.toHaveProperty('loss');
  });

  it('sum a series up, ragged as it is', () => {
    put(
      't.jsonl',
      '{"step":1,"loss":3}\n\n{"step":2,"loss":NaN,"lr":0.1}\nnone\n{"step":3,"loss":1}\n{"step":4,',
    );
    expect(measured().series.t).toEqual({
      step: 'step',
      n: 3,
      columns: {
        step: { n: 3, first: 1, last: 3, min: 1, max: 3, mean: 2 },
        loss: { n: 3, first: 3, last: 1, min: 1, max: 3, mean: 2 },
        lr: { n: 1, first: 0.1, last: 0.1, min: 0.1, max: 0.1, mean: 0.1 },
      },
    });
    expect(problems()).toEqual(['t.jsonl: 1 of its lines cannot be read']);
  });

  it('are the same of a series, however its lines are read', () => {
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY));
    const value = fc.oneof(number, fc.string(), fc.boolean(), fc.constant(null));
    const name = fc.constantFrom('step', 'loss', 'a b', '__proto__', 'length', '"', '1');
    const entries = fc.array(fc.tuple(name, value), { maxLength: 4 });
    const object = entries.map((all) => stringifyWithNaN(Object.fromEntries(all)).replace(/^\{\}$/, '{ }'));
    const odd = fc.constantFrom(
      ...[
        '',
        ' ',
        '7',
        '[1]',
        '{"a":[{"b":1}',
        '{"c":2}]}',
        '{"a":1},{"b":2}',
        '{"a":"}',
        '{","b":1}',
        '{"a":1',
      ],
      ...[
        '"b":2}',
        '{"a":{"b":[1,2]}}',
        ' {"a":1}',
        '{"a":1}\r',
        '{"a":1}}',
        '{"a":1e999}',
        '{"a":1,"a":"x"}',
        '\u2028',
      ],
    );
    const line = fc.oneof({ weight: 5, arbitrary: object }, { weight: 2, arbitrary: odd });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, hasEnd) => {
        put('x.jsonl', `${lines.join('\n')}${hasEnd ? '\n' : ''}`);
        const sum = new SeriesSum();
        for (const [at, one] of lines.entries()) {
          const values = one.trim() === '' ? [] : valuesOfLine(one);
          if (values === null && (hasEnd || at < lines.length - 1)) sum.addOdd();
          else if (values && values.length > 0) sum.add(values);
        }
        const [file] = readMeasures(scratch).files;
        expect(file?.kind === 'series' && file.series).toEqual(sum.end());
      }),
      { numRuns: 1000 },
    );
  });

  it('are each of one line: a text does not go on in the next', () => {
    put('x.jsonl', '{"a":"}\n{","b":1}\n{"a":1},{"b":2}\n{"a":3}\n');
    expect(measured().series.x).toMatchObject({ n: 1, columns: { a: { n: 1, last: 3 } } });
    expect(problems()).toEqual(['x.jsonl: 3 of its lines cannot be read']);
  });

  it('are the same of a series that is longer than what is read at a time', () => {
    const lines = Array.from({ length: 20_000 }, (_, step) => JSON.stringify({ step, loss: 1 / (step + 1) }));
    lines[7000] = `{"step":7000,"note":"${'x'.repeat(150_000)}"}`;
    lines[9000] = '{"step":9000,"loss":NaN}';
    put('x.jsonl', `${lines.join('\n')}\n{"step":`);
    expect(measured().series.x).toMatchObject({
      n: 19_999,
      columns: { step: { n: 19_999, first: 0, last: 19_999 }, loss: { n: 19_999, max: 1, min: 1 / 20_000 } },
    });
    // One line is longer than any that is read.
    expect(problems()).toEqual(['x.jsonl: 1 of its lines cannot be read']);
  });

  it('take a table with a step for a series, and another for text', () => {
    put('t.csv', 'epoch,"val, loss",who\r\n1,0.5,ada\r\n2,0.25,\r\n3,1,2,3\r\n');
    put('confusion.csv', 'a,b\n1,2\n');
    const { series, values: others } = measured();
    expect(series).toEqual({
      t: {
        step: 'epoch',
        n: 2,
        columns: {
          epoch: { n: 2, first: 1, last: 2, min: 1, max: 2, mean: 1.5 },
          'val, loss': { n: 2, first: 0.5, last: 0.25, min: 0.25, max: 0.5, mean: 0.375 },
          who: { n: 1, first: 'ada', last: 'ada', min: null, max: null, mean: null },
        },
      },
    });
    expect(others).toEqual({});
    expect(problems()).toEqual(['t.csv: 1 of its lines cannot be read']);
  });

  it('keep NaN and the infinities', () => {
    put('summary.json', '{"loss": NaN, "best": -Infinity}');
    put('rate', 'inf');
    expect(values()).toEqual({
      loss: Number.NaN,
      best: Number.NEGATIVE_INFINITY,
      rate: Number.POSITIVE_INFINITY,
    });
  });

  it('tell what cannot be read, and read the rest', () => {
    put('half.json', '{"loss": 0.');
    put('model.bin', Buffer.from([0x7f, 0x45, 0, 1]));
    put('latin', Buffer.from([0x63, 0x61, 0x66, 0xe9]));
    truncateSync(put('huge.json', ''), 3_000_000);
    symlinkSync('/etc/passwd', join(scratch, 'measures', 'link'));
    execFileSync('mkfifo', [join(scratch, 'measures', 'pipe')]);
    put('1/2/3/4/deep', '1');
    put('accuracy', '1');
    put('deep.json', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`);
    put('summary.json', '[1, 2]');
    expect(values()).toEqual({ accuracy: 1 });
    expect([...problems()].sort()).toEqual([
      '1/2/3/4: a folder too deep',
      'deep.json: nested in more than 32 levels',
      'half.json: not JSON, or half-written',
      'huge.json: too large (3.0 MB)',
      'latin: binary (4 bytes)',
      'link: a link, which is not followed',
      'model.bin: binary (4 bytes)',
      'pipe: not a regular file',
      'summary.json: not an object of measures',
    ]);
  });

  it('tell of a folder that is none, or that cannot be entered', () => {
    symlinkSync('/etc', join(scratch, 'measures'));
    expect(readMeasures(scratch)).toEqual({
      files: [],
      problems: ['measures: a link, which is not followed'],
    });
    rmSync(join(scratch, 'measures'));
    writeFileSync(join(scratch, 'measures'), '');
    expect(readMeasures(scratch).problems).toEqual(['measures: not a folder']);
    expect(readMeasures(join(scratch, 'measures')).problems).toEqual(['measures: cannot be read']);
  });

  it('read the end of a series that is too large', () => {
    const path = put('long.jsonl', '');
    truncateSync(path, 70 * 2 ** 20);
    writeFileSync(path, '\n{"step": 9, "loss": 1}\n', { flag: 'a' });
    expect(measured().series.long?.columns.loss).toEqual({
      n: 1,
      first: 1,
      last: 1,
      min: null,
      max: null,
      mean: null,
    });
    expect(problems()).toEqual(['long.jsonl: 73 MB: only its end is read']);
  });

  it('read files by any name', () => {
    put('__proto__', '1');
    put('a\u001b[31m"b', '2');
    mkdirSync(join(scratch, 'measures'), { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(`${scratch}/measures/caf`), Buffer.from([0xe9])]), '3');
    expect(Object.entries(values())).toEqual([
      ['__proto__', 1],
      ['a\u001b[31m"b', 2],
      ['caf\\xe9', 3],
    ]);
  });

  it('are not looked for behind a link', () => {
    mkdirSync(join(scratch, 'elsewhere'));
    writeFileSync(join(scratch, 'elsewhere', 'accuracy'), '1');
    symlinkSync('elsewhere', join(scratch, 'measures'));
    expect(values()).toEqual({});
  });
});

it.each([
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [12_345, '12 kB'],
  [999_600, '1.0 MB'],
  [3e9, '3.0 GB'],
])('%i bytes as %s', (bytes, text) => expect(sizeText(bytes)).toBe(text));
