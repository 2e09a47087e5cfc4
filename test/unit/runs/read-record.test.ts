import { describe, expect, it } from 'vitest';
import { readReceipt, readRecord, UnreadableReceipt } from '../../../src/runs/read-record.js';
import { fixture, fixtures, receiptOf, receiptProblems } from '../../support/receipts.js';

const pathOf = (id: string) => `/home/ada/project/runs/${id}/run.json`;
const pathIn = (text: string) => pathOf(JSON.parse(text).id);

describe('a receipt of version 0.1', () => {
  it.each(fixtures)('is read as one of today: %s', (name) => {
    const text = fixture(name);
    const { record, parameters } = readReceipt(text, pathIn(text));
    const old = JSON.parse(text);
    expect(receiptProblems(record)).toEqual([]);
    expect(parameters).toBe(old.parameters_file);
    const same = [
      'id',
      'condition',
      'deployment',
      'fingerprint',
      'target',
      'machine',
      'state',
      'reason',
      'times',
    ];
    for (const key of [...same, 'exit_code', 'started', 'finished', 'collected', 'container_line', 'user'])
      expect({ [key]: record[key as keyof typeof record] }).toEqual({ [key]: old[key] });
    expect(record.recipe.condition.argv).toEqual(old.argv);
  });

  it('has in its recipe all that is known of it', () => {
    const text = fixture('snapshot');
    const { recipe, ...record } = readRecord(text, pathIn(text));
    expect(recipe).toMatchObject({
      experiment: { name: 'digits', path: 'experiments/digits' },
      source: { id: null, snapshot: true, live: true },
      image: {
        context: 'experiment',
        left_out: 'parameters.json',
        labels: {
          'logistician.experiment': 'digits',
          'logistician.context': expect.stringMatching(/^73bae1e6[0-9a-f]{56}$/),
        },
        bases: ['debian:bookworm-slim'],
      },
      command: 'sh experiments/digits/job.sh',
      secrets: ['TOKEN'],
      inputs: { small: { path: '/home/ada/project/experiments/digits/inputs', id: null } },
      gpus: 'auto',
    });
    expect(record.engine).toEqual({ name: 'docker', version: '20.10.24+dfsg1' });
    expect(record.edited_during_run).toBeNull();
  });

  it('takes build context and GPUs from its parameters.json', () => {
    const change = (parameters_file: string) => {
      const text = JSON.stringify({ ...JSON.parse(fixture('succeeded')), parameters_file });
      const { image, gpus } = readRecord(text, pathIn(text)).recipe;
      return [image.context, image.left_out, gpus];
    };
    const project = ['project', 'experiments/digits/parameters.json'];
    expect(change('\uFEFF{"docker_build_context": "project", "gpus": 2}')).toEqual([...project, 2]);
    expect(change('{"gpus": 0}')).toEqual(['experiment', 'parameters.json', 'none']);
    expect(change('{"local_docker_command": "nvidia-docker"}')[2]).toBe('all');
    expect(change('not JSON')).toEqual(['experiment', 'parameters.json', 'auto']);
    expect(change('null')[2]).toBe('auto');
  });

  it('knows no engine of a machine that was not there yet', () => {
    const text = fixture('aws');
    expect(readRecord(text, pathIn(text)).engine).toBeNull();
  });
});

describe('a receipt of today', () => {
  const sound = receiptOf('--lr 1');
  const read = (value: unknown) => readRecord(JSON.stringify(value), pathOf(sound.id));

  it('is read as it was written', () => {
    expect(receiptProblems(sound)).toEqual([]);
    expect(read(sound)).toEqual(sound);
    expect(readRecord(Buffer.from(JSON.stringify(sound)), pathOf(sound.id))).toEqual(sound);
  });

  it('F2: keeps the digits of its parameters', () => {
    const parameters = '{"lr":1.0,"steps":1e3,"seed":12345678901234567890}';
    const { recipe } = sound;
    const record = { ...sound, recipe: { ...recipe, condition: { ...recipe.condition, parameters } } };
    expect(read(record).recipe.condition.parameters).toBe(parameters);
  });

  it('keeps fields that this version does not know', () => {
    const more = { ...sound, note: 'x', machine: { ...sound.machine, rack: 7 } };
    expect(read(more)).toEqual(more);
    expect(receiptProblems(more)).toHaveLength(2);
  });

  it('may name a target and a reason that this version does not know', () => {
    expect(read({ ...sound, target: 'slurm', state: 'failed', reason: 'preempted' }).target).toBe('slurm');
  });

  const { recipe: _, ...withoutRecipe } = sound;
  const { id: __, ...source } = sound.recipe.source;
  const text = JSON.stringify(sound);

  it.each<[string, string | Buffer, RegExp]>([
    ['an empty file', '', /is not JSON/],
    ['{}', '{}', /does not name the version/],
    ['null', 'null', /is not a JSON object/],
    ['a list', '[]', /is not a JSON object/],
    ['a number', '7', /is not a JSON object/],
    ['half of one', text.slice(0, text.length / 2), /incomplete/],
    ['zeros, as after a power cut', Buffer.alloc(4096), /is not JSON/],
    ['bytes that are not UTF-8', Buffer.from(text.replace('laptop', 'l\u00e4ptop'), 'latin1'), /is not JSON/],
    ['version 3', JSON.stringify({ schema: 3 }), /was written by a newer logistician/],
    ['version 0', JSON.stringify({ ...sound, schema: 0 }), /does not name the version/],
    ['a version in words', JSON.stringify({ ...sound, schema: '2' }), /does not name the version/],
    ['version 1 with the fields of 2', JSON.stringify({ ...sound, schema: 1 }), /does not match its schema/],
    ['nothing but its version', '{"schema":2}', /does not match its schema/],
    ['nothing but its version 1', '{"schema":1}', /does not match its schema/],
    ['no recipe', JSON.stringify(withoutRecipe), /must have required property 'recipe'/],
    [
      'a recipe that lacks a field',
      JSON.stringify({ ...sound, recipe: { ...sound.recipe, source } }),
      /\/recipe\/source must have required property 'id'/,
    ],
    ['times: null', JSON.stringify({ ...sound, times: null }), /\/times must be object/],
    ['a state that is none', JSON.stringify({ ...sound, state: 'done' }), /\/state must be equal/],
    ['a success without an end', JSON.stringify({ ...sound, finished: null }), /\/finished must be string/],
    ['the id of another run', JSON.stringify(receiptOf('--lr 2')), /is the receipt of another run/],
    ['a path for an id', JSON.stringify({ ...sound, id: '../../x' }), /\/id must match pattern/],
  ])('F6: %s is told of by path and reason', (_, broken, reason) => {
    const path = pathOf(sound.id);
    const read = () => readRecord(broken, path);
    expect(read).toThrow(UnreadableReceipt);
    expect(read).toThrow(reason);
    try {
      read();
    } catch (problem) {
      expect(problem).toMatchObject({ path, run: sound.id, exit: 1 });
      expect((problem as UnreadableReceipt).message).toContain(path);
      expect((problem as UnreadableReceipt).suggestions).toHaveLength(1);
    }
  });
});
