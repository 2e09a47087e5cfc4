import { describe, expect, it } from 'vitest';
import { readParameters } from '../../../src/experiment/parameters.js';
import { InvalidParameters } from '../../../src/experiment/problems.js';
import { refusal, refusalOf } from './reading.js';

describe('a text that is no JSON object', () => {
  const value = 'expected a string in "quotes", a number, true, false, null, [ or {.';
  const separator = 'was not expected here: a comma or a colon is missing before it, or it is one too many.';
  const open = 'This string is not closed on its line: add the closing ", or write a line break as \\n.';
  const badEscape = 'This string has an escape that JSON does not know: write \\\\ for a backslash.';
  const early = 'The file ends too early: a closing } or ] is missing.';

  it.each([
    ['', '1:1  The file is empty: at the least it holds {"experiment_name": "…"}.'],
    [' \n\n', '1:1  The file is empty: at the least it holds {"experiment_name": "…"}.'],
    ['[1]', '1:1  Expected an object in { }, got a list.'],
    ['\n "x"', '2:2  Expected an object in { }, got "x".'],
    ['name: e', '1:1  name is not JSON: the file must start with {.'],
    ['// e\n{}', '1:1  JSON has no comments: write them as a key that ends in _comment.'],
    ['{"a": 1, # e\n}', '1:10  JSON has no comments: write them as a key that ends in _comment.'],
    ['{\n  "a": 1,\n}', '3:1  A comma may not stand before }: remove it.'],
    ['{"a": [1,]}', '1:10  A comma may not stand before ]: remove it.'],
    ['{\n  "a": 1\n  "b": 2}', `3:3  "b" ${separator}`],
    ['{"a" 1}', `1:6  1 ${separator}`],
    ['{"a": [1,,2]}', `1:10  , ${separator}`],
    ["{'a': 1}", `1:2  ' is not JSON: quote keys and strings with ".`],
    [
      '{a: 1}',
      '1:2  a is not JSON: quote keys and strings with ", and write true, false and null in small letters.',
    ],
    ['{"a": True}', `1:7  True is not JSON: ${value}`],
    ['{"a": .5}', `1:7  .5 is not JSON: ${value}`],
    ['{"a": NaN}', `1:7  NaN is not JSON: ${value}`],
    ['{"a": }', `1:7  } is not JSON: ${value}`],
    ['{"a": 1', `1:8  ${early}`],
    ['{"a": [1}', `1:10  ${early}`],
    ['{"a": 1,\n', `1:9  ${early}`],
    ['{"a": 1}}', '1:9  } stands after the end of the object: remove it.'],
    ['{"a": 1} {"b": 2}', '1:10  { stands after the end of the object: remove it.'],
    ['{"a": "x\n}', `1:7  ${open}`],
    ['{"a": "x,\n"b": 1}', `1:7  ${open}`],
    ['{"a": "x\ty"}', `1:7  ${open}`],
    ['{"a": "C:\\data"}', `1:10  ${badEscape}`],
    ['{"a": "\\u12"}', `1:11  ${badEscape}`],
    ['['.repeat(100_000), '1:1  Its lists and objects are nested too deeply to be read.'],
  ])('%j', (text, line) => {
    expect(refusal(text)).toEqual([`p.json:${line}`]);
  });
});

describe('a setting that is wrong', () => {
  it.each([
    ['"goal": "minimize"', ':1  goal  is that of "objective": add the name of a measure, or remove it.'],
    ['"objective": "a", "goal": "max"', ':27  goal  expected "maximize" or "minimize", got "max".'],
    ['"metrics": {"loss": "("}', ':21  metrics.loss  is no regular expression: Unterminated group.'],
    [
      '"metrics": {"loss": 3}',
      ':21  metrics.loss  expected a regular expression, such as "loss=([-0-9.e]+)", got the number 3.',
    ],
    [
      '"experiment_nam": 1',
      ':1  experiment_nam  is no known key: did you mean experiment_name? (Notes go in keys that end in _comment.)',
    ],
    ['"gpu": 1', ':1  gpu  is no known key: did you mean gpus? (Notes go in keys that end in _comment.)'],
    ['"__proto__": 1', ':1  __proto__  is no known key. (Notes go in keys that end in _comment.)'],
    ['"gpus": 1, "gpus": 2', ':12  gpus  is there twice, first in line 2: remove one.'],
    [
      '"experiment_command": " "',
      ':23  experiment_command  expected a command, such as "python3 train.py", got " ".',
    ],
    [
      '"experiment_command": 3',
      ':23  experiment_command  expected a command, such as "python3 train.py", got the number 3.',
    ],
    [
      '"experiment_command": "a\\u0000"',
      ':23  experiment_command  holds a NUL character (\\u0000), which no argument can: remove it.',
    ],
    [
      '"project_git_url": "--upload-pack=x"',
      ':20  project_git_url  expected an address that git clones, not an option, got "--upload-pack=x".',
    ],
    ['"target": "gcp"', ':11  target  expected "local", "hosts" or "aws", got "gcp".'],
    ['"target": "hosts"', ':11  target  is hosts, and there are none: add "hosts": ["user@machine"].'],
    [
      '"argument_style": "-k v"',
      ':19  argument_style  expected "--key value", "--key=value" or "key=value", got "-k v".',
    ],
    ['"hosts": []', ':10  hosts  expected a list of machines, such as ["user@gpu1:22"], got an empty list.'],
    [
      '"hosts": ["-oProxyCommand=x"]',
      ':11  hosts[0]  expected a machine, such as "user@gpu1:22" or {"address": "user@gpu1:22", "slots": 2}, got "-oProxyCommand=x".',
    ],
    [
      '"hosts": ["a", {"address": "a"}]',
      ':28  hosts[1]  is the same machine as hosts[0]: give that one more slots instead.',
    ],
    ['"hosts": [{"slots": 2}]', ':11  hosts[0].address  is missing: add "address".'],
    ['"hosts": [{"address": "a", "slot": 2}]', ':28  hosts[0].slot  is no known key: did you mean slots?'],
    [
      '"hosts": [{"address": "a", "slots": 0}]',
      ':37  hosts[0].slots  expected a whole number from 1 to 1024, got the number 0.',
    ],
    [
      '"inputs": {"a/b": "x"}',
      `:12  inputs["a/b"]  is no fit name: expected a folder's name: letters, digits, dot, _ and -.`,
    ],
    ['"inputs": {"a": ""}', ':17  inputs.a  expected the path of a folder, such as "../data/mnist", got "".'],
    ['"gpus": "some"', ':9  gpus  expected "auto", "all", "none" or a whole number, got "some".'],
    ['"gpus": 1.5', ':9  gpus  expected "auto", "all", "none" or a whole number, got the number 1.5.'],
    [
      '"docker_run_args": "--rm"',
      ':20  docker_run_args  expected a list of strings, such as ["--shm-size", "8g"], got "--rm".',
    ],
    ['"docker_run_args": [1]', ':21  docker_run_args[0]  expected a string, got the number 1.'],
    [
      '"environment": {"A-B": "x"}',
      `:17  environment["A-B"]  is no fit name: expected a variable's name: letters, digits and _, no digit first.`,
    ],
    [
      '"environment": {"HOME": "x"}',
      ':17  environment.HOME  names HOME, which Logistician sets: choose another name.',
    ],
    [
      '"environment": {"A": null}',
      ':22  environment.A  expected a string, a number, true or false, got null.',
    ],
    [
      '"environment": {"A": "\\udc00"}',
      ':22  environment.A  holds half a surrogate pair (\\ud800 to \\udfff alone), which is no character: write the whole pair.',
    ],
    [
      '"secrets": ["LOGISTICIAN_X"]',
      ':13  secrets[0]  names LOGISTICIAN_X, which Logistician sets: choose another name.',
    ],
    [
      '"secrets": ["A=b"]',
      ':13  secrets[0]  expected the name of an environment variable, such as "WANDB_API_KEY", got "A=b".',
    ],
    [
      '"environment": {"A": 1}, "secrets": ["A"]',
      ':38  secrets[0]  sets A, and so does environment.A: keep one.',
    ],
    [
      '"max_hours": 0',
      ':14  max_hours  expected a number of hours, more than 0 and at most 8760, got the number 0.',
    ],
    [
      '"max_hours": "3"',
      ':14  max_hours  expected a number of hours, more than 0 and at most 8760, got "3".',
    ],
    [
      '"max_hours": 1e999',
      ':14  max_hours  expected a number of hours, more than 0 and at most 8760, got the number 1e999.',
    ],
    [
      '"tags": {"aws:x": "1"}',
      ':10  tags["aws:x"]  is no fit name: expected at most 128 letters, digits, spaces and _.:/=+@-, not beginning with aws: or logistician.',
    ],
    [
      '"aws_region": "Frankfurt"',
      ':15  aws_region  expected a region, such as "eu-central-1", got "Frankfurt".',
    ],
    ['"aws_spot": "yes"', ':13  aws_spot  expected true or false, got "yes".'],
    [
      '"aws_max_price": 1',
      ':1  aws_max_price  is for spot instances alone: add "aws_spot": true, or remove it.',
    ],
    [
      '"aws_ssh_cidr": "me"',
      ':17  aws_ssh_cidr  expected a range of IPv4 addresses, such as "203.0.113.7/32", got "me".',
    ],
  ])('%s', (members, line) => {
    expect(refusalOf(members)).toEqual([`p.json:2${line}`]);
  });

  const rule = 'expected lowercase letters and digits, with - or _ between them, at most 63 characters';
  it.each([
    ['"RNN One!"', 'rnn-one'],
    ['"-a-"', 'a'],
    ['"Été_1.5"', 'ete-1-5'],
    ['"a___b"', 'a-b'],
    ['"日本"', 'experiment-1'],
    [`"${'ab-'.repeat(30)}"`, 'ab-'.repeat(21).slice(0, -1)],
  ])('mends the name %s', (name, mended) => {
    const [line = ''] = refusal(`{"experiment_name": ${name}}`);
    expect(line.startsWith(`p.json:1:21  experiment_name  ${rule}, got "`)).toBe(true);
    expect(line.endsWith(`: write "${mended}".`)).toBe(true);
    expect(readParameters(`{"experiment_name": "${mended}"}`, 'p').experimentName).toBe(mended);
  });

  it('misses the name', () => {
    expect(refusal('{}')).toEqual([
      'p.json:1:1  experiment_name  is missing: add "experiment_name": "a-name".',
    ]);
    expect(refusal('{"experiment_name": 3}')).toEqual([
      `p.json:1:21  experiment_name  ${rule}, got the number 3.`,
    ]);
  });
});

describe('several problems', () => {
  const text = `{
  "experiment_name": "e",
  "experiment_conditions": ["a", "a", {"x": {}}],
  "gpus": -1,
  "experiment_grid": {"lr": []},
  "targets": "aws"
}`;

  it('are all told at once, in the order of the file', () => {
    expect(refusal(text)).toEqual([
      'p.json:3:34  experiment_conditions[1]  has the same arguments as experiment_conditions[0] (line 3): a. Remove one of the two.',
      'p.json:3:45  experiment_conditions[2].x  is an object, and arguments do not nest: give each value a key of its own.',
      'p.json:4:11  gpus  expected "auto", "all", "none" or a whole number, got the number -1.',
      'p.json:5:29  experiment_grid.lr  is an empty list, which makes no conditions: add a value, or remove the key.',
      'p.json:6:3  targets  is no known key: did you mean target? (Notes go in keys that end in _comment.)',
    ]);
  });

  it('are there as data, too', () => {
    const error = (() => {
      try {
        return readParameters(text, 'p.json');
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(InvalidParameters);
    expect(error).toMatchObject({ name: 'InvalidParameters', exit: 1, path: 'p.json' });
    expect((error as InvalidParameters).problems[2]).toEqual({
      line: 4,
      column: 11,
      where: 'gpus',
      what: 'expected "auto", "all", "none" or a whole number, got the number -1.',
    });
  });
});
