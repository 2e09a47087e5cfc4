import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Command, renderCommand } from '../../../src/shell/command.js';
import {
  apply,
  destroy,
  init,
  output,
  plan,
  pull,
  unheard,
  version,
} from '../../../src/tools/terraform/lines.js';
import {
  type Diagnostic,
  eventIn,
  readEvents,
  type TerraformEvent,
} from '../../../src/tools/terraform/messages.js';
import { nothingYet, progressAfter } from '../../../src/tools/terraform/progress.js';
import { idsInState } from '../../../src/tools/terraform/state.js';

describe('the command lines of Terraform', () => {
  const at = { folder: '/home/a b/.logistician/terraform', pluginCache: '/home/a b/plugins', unheard: [] };
  const env =
    "CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_PLUGIN_CACHE_DIR='/home/a b/plugins' " +
    'TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE=1';
  const folder = "terraform '-chdir=/home/a b/.logistician/terraform'";

  it.each<[string, Command]>([
    ['init -input=false -no-color -reconfigure', init(at)],
    ['plan -input=false -no-color -lock-timeout=5m', plan(at, [])],
    ['apply -input=false -auto-approve -json -lock-timeout=5m -parallelism=30', apply(at)],
    ['destroy -input=false -auto-approve -json -lock-timeout=5m -parallelism=30', destroy(at)],
    ['output -json -no-color', output(at)],
    ['state pull', pull(at)],
  ])('%s', (words, command) => {
    expect(renderCommand(command)).toBe(`${env} ${folder} ${words}`);
  });

  it('M17: hear none of the variables that are for a stack of the person’s own', () => {
    const theirs = { TF_WORKSPACE: 'prod', TF_DATA_DIR: '/d', TF_CLI_ARGS_plan: '-destroy', TF_CLI_ARGS: '' };
    const names = unheard({ ...theirs, TF_CLI_CONFIG_FILE: '/rc', TF_LOG: 'trace', HOME: '/h' });
    expect(names).toEqual(['TF_WORKSPACE', 'TF_DATA_DIR', 'TF_CLI_ARGS_plan']);
    expect(plan({ ...at, unheard: names }, []).env).toMatchObject({
      TF_WORKSPACE: '',
      TF_DATA_DIR: '',
      TF_CLI_ARGS_plan: '',
    });
  });

  it('version', () => {
    expect(renderCommand(version())).toBe(
      "CHECKPOINT_DISABLE=1 TF_CLI_ARGS='' TF_CLI_ARGS_version='' terraform version -json",
    );
  });
});

// As Terraform 1.11 writes them, with fewer fields.
const resource = (name: string) => ({ addr: `aws_instance.${name}`, resource_type: 'aws_instance' });
const hook = (type: string, name: string, action = 'create') => ({
  '@level': 'info',
  '@message': `aws_instance.${name}: ${type}`,
  type,
  hook: { resource: resource(name), action, elapsed_seconds: 10 },
});
const lines = [
  { '@level': 'info', terraform: '1.11.4', type: 'version', ui: '1.2' },
  { type: 'planned_change', change: { resource: resource('a'), action: 'create' } },
  { type: 'planned_change', change: { resource: resource('b'), action: 'create' } },
  { type: 'change_summary', changes: { add: 2, change: 0, remove: 0, operation: 'plan' } },
  hook('apply_start', 'a'),
  hook('apply_start', 'b'),
  hook('apply_progress', 'a'),
  hook('apply_errored', 'b'),
  hook('apply_complete', 'a'),
  {
    ...{ '@level': 'error', type: 'diagnostic' },
    diagnostic: {
      ...{ severity: 'error', summary: 'creating EC2 Instance: InsufficientInstanceCapacity', detail: '' },
      address: 'aws_instance.b',
      snippet: { code: '"ünï": {' },
    },
  },
].map((line) => JSON.stringify(line));
const text = `${lines.join('\n')}\n`;

const create = { action: 'create' } as const;
const why: Diagnostic = {
  kind: 'diagnostic',
  severity: 'error',
  summary: 'creating EC2 Instance: InsufficientInstanceCapacity',
  detail: '',
  address: 'aws_instance.b',
};
const events: readonly TerraformEvent[] = [
  { kind: 'planned', address: 'aws_instance.a', ...create },
  { kind: 'planned', address: 'aws_instance.b', ...create },
  { kind: 'started', address: 'aws_instance.a', ...create },
  { kind: 'started', address: 'aws_instance.b', ...create },
  { kind: 'failed', address: 'aws_instance.b', ...create },
  { kind: 'done', address: 'aws_instance.a', ...create },
  why,
];

describe('what Terraform says', () => {
  it('is read as events', () => {
    expect(readEvents(Buffer.from(text))).toEqual({ events, consumed: Buffer.byteLength(text) });
  });

  it('is read the same in any pieces', () => {
    const bytes = Buffer.from(text);
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 10 });
    fc.assert(
      fc.property(cuts, (places) => {
        let from = 0;
        const all: TerraformEvent[] = [];
        for (const to of [...places.sort((one, other) => one - other), bytes.length]) {
          if (to < from) continue;
          const { events, consumed } = readEvents(bytes.subarray(from, to));
          all.push(...events);
          from += consumed;
        }
        expect(all).toEqual(events);
      }),
    );
  });

  it('may be anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        expect(eventIn(line)).toBeNull();
      }),
    );
    const broken = [
      ...['null', '[]', '"apply_start"', '{"type":"apply_start"}', '{"type":"diagnostic","diagnostic":1}'],
      ...['{"type":"apply_start","hook":{"resource":{"addr":7}}}', '{"type":"toString","hook":{}}'],
      lines[4]?.slice(0, -1),
      `panic: ${lines[4]}`,
    ];
    for (const line of broken) expect(eventIn(line ?? '')).toBeNull();
    expect(readEvents(Buffer.from(`Error: no\n${lines[4]}\n\n`)).events).toHaveLength(1);
  });

  it('adds up to how far each resource is', () => {
    const { resources, rest } = progressAfter(progressAfter(nothingYet, events.slice(0, 4)), events.slice(4));
    expect([...resources]).toEqual([
      ['aws_instance.a', { action: 'create', step: 'done', why: [] }],
      ['aws_instance.b', { action: 'create', step: 'failed', why: [why] }],
    ]);
    expect(rest).toEqual([]);
  });

  it('has the outputs of its end, not those that it plans', () => {
    const told = (output: object) => JSON.stringify({ type: 'outputs', outputs: { a: output } });
    const end = { sensitive: false, type: 'string', value: 'b' };
    const said = `${[told({ sensitive: false, action: 'create' }), told(end)].join('\n')}\n`;
    expect(progressAfter(nothingYet, readEvents(Buffer.from(said)).events).outputs).toEqual({ a: end });
    expect(eventIn(told({ sensitive: false, action: 'noop', value: 'b' }))).toBeNull();
  });

  it('keeps apart what is about everything, and warnings', () => {
    const general = { ...why, address: null };
    const warning: Diagnostic = { ...why, severity: 'warning' };
    const { resources, rest } = progressAfter(nothingYet, [general, warning, why]);
    expect(rest).toEqual([general, warning]);
    expect([...resources]).toEqual([['aws_instance.b', { action: 'other', step: 'failed', why: [why] }]]);
  });
});

describe('the ids in a state', () => {
  const resource = (...instances: object[]) => ({ mode: 'managed', type: 'aws_instance', instances });
  const of = (...resources: object[]) => [...idsInState(JSON.stringify({ version: 4, resources }))];

  it('are those of all its instances', () => {
    const other = { mode: 'managed', type: 'aws_key_pair', instances: [{ attributes: { id: 'key' } }] };
    expect(of(resource({ attributes: { id: 'i-1' } }, { attributes: { id: 'i-2' } }), other)).toEqual([
      'i-1',
      'i-2',
      'key',
    ]);
  });

  it('are not those that have none yet', () => {
    expect(of(resource({ attributes: { id: '' } }, { attributes: null }, {}), {})).toEqual([]);
  });

  it.each(['', 'no JSON', '[]', '{"resources": 1}'])('are none in %j', (text) => {
    expect([...idsInState(text)]).toEqual([]);
  });
});
