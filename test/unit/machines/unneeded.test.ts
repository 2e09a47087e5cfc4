import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRemovals, parseUnneeded, type UnneededThing } from '../../../src/machines/unneeded.js';
import { scratchFolder } from '../../support/repository.js';

const script = readFileSync(
  fileURLToPath(new URL('../../../templates/machine/unneeded.sh', import.meta.url)),
  'utf8',
);
const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const source = 'project-0123456789.git';
const submodule = 'project-0123456789+abcdef0123.git';
const input = 'numbers.v1-0123456789ab';
const image = 'logistician/width:0123456789abcdef';

describe('unneeded.sh', () => {
  let home: string;
  let root: string;

  beforeEach(() => {
    home = mkdtempSync(join(scratch, 'home-'));
    root = join(home, 'logistician');
    for (const folder of [`source/${source}`, `source/${submodule}`, `inputs/${input}`])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'inputs', input, 'digits'), '0'.repeat(10_000));
    const docker = `#!/bin/sh
case "$1 $2" in
  'image ls') echo ${image}; echo logistician/width:other; echo logistician/other:1; echo '<none>:<none>' ;;
  'ps --all') echo logistician/width:other ;;
  'image inspect') echo 5000 ;;
  'image rm') echo "$3" >>${home}/removed ;;
esac
`;
    writeFileSync(join(home, 'docker'), docker, { mode: 0o755 });
  });

  const sh = (text: string, ...words: string[]) =>
    execFileSync('sh', ['-s', '--', ...words], {
      input: text,
      env: { ...process.env, HOME: home, LOGISTICIAN_SLOTS: join(home, 'slots') },
    }).toString();
  const list = (docker = join(home, 'docker'), discarded = '') =>
    parseUnneeded(sh(script, 'list', discarded, docker, 'width'), 'width') ?? 'no answer';
  const names = (discarded = '', docker = join(home, 'docker')) => {
    const found = list(docker, discarded);
    return typeof found === 'string' ? found : found.things.map(({ name }) => name);
  };
  const remove = (things: readonly Pick<UnneededThing, 'kind' | 'name'>[], text = script, discarded = '') => {
    const asked = things.map((thing) => ({ ...thing, bytes: null }));
    const words = asked.map(({ kind, name }) => `${kind}/${name}`);
    return parseRemovals(sh(text, 'remove', discarded, join(home, 'docker'), ...words), asked);
  };
  const queue = (text: string | null, experiment = 'width') => {
    const folder = join(root, experiment, 'queue-d1');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'runner.sh'), 'exit\n');
    if (text !== null) writeFileSync(join(folder, 'sweep-0123456789ab.sh'), text);
    return folder;
  };
  const all = [submodule, source, input, image];

  it('lists what no queue mentions, with sizes, and images that no container has', () => {
    expect(list()).toMatchObject({
      stays: null,
      noImages: null,
      things: [
        { kind: 'source', name: submodule },
        { kind: 'source', name: source },
        { kind: 'input', name: input, bytes: expect.any(Number) },
        { kind: 'image', name: image, bytes: 5000 },
      ],
    });
  });

  it.each([
    ['source', `git -C '${source}/lfs'`, source],
    ['submodule', `x=${submodule}`, submodule],
    ['input', `source=/x/${input},target=/y`, input],
    ['image', `image='${image}'`, image],
  ])('keeps any %s that a queue of any experiment mentions', (_, text, name) => {
    queue(`${text}\n`, 'another');
    expect(names()).not.toContain(name);
    expect(names()).toHaveLength(all.length - 1);
  });

  it('keeps what arrives: inputs that are half there, and all while a queue has yet to say what it needs', () => {
    mkdirSync(join(root, 'inputs', `${input}.d1`));
    expect(names()).toContain(`${input}.d1`);
    const folder = queue(`${input}\n`);
    expect(names()).not.toContain(`${input}.d1`);
    rmSync(join(folder, 'sweep-0123456789ab.sh'));
    expect(list()).toMatchObject({ things: [], stays: expect.stringContaining('is not delivered yet') });
  });

  it('keeps images of deployments on that computer itself', () => {
    const own = join(home, '.logistician', 'experiments', 'width-1', 'queue');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'sweep-1.sh'), `image=${image}\n`);
    expect(names()).not.toContain(image);
  });

  it('keeps an image of which a queue of another user tells; our own queues are read', () => {
    const told = join(home, 'slots', 'image-1001-1');
    mkdirSync(join(home, 'slots'));
    symlinkSync(`${image} ${root}/width/queue-gone`, told);
    expect(names()).toEqual(all);
    rmSync(told);
    symlinkSync(`${image} /home/ada/logistician/width/queue-1`, told);
    expect(names()).toEqual(all.slice(0, -1));
    expect(remove([{ kind: 'image', name: image }])).toEqual(['needed']);
  });

  it('needs nothing that only a discarded deployment mentions, of which nothing runs', async () => {
    const text = `${source} ${submodule} ${input} ${image}\n`;
    const folder = queue(text);
    expect([names(), names('d2'), names('d2,d1')]).toEqual([[], [], all]);
    const runner = spawn('sh', ['-c', 'read -r _', `${folder}/runner.sh`]);
    await new Promise((resolve) => runner.once('spawn', resolve));
    expect(names('d1')).toEqual([]);
    runner.stdin.end();
    await new Promise((resolve) => runner.once('close', resolve));
    for (const [name, says] of [
      ['running', 'echo 0123'],
      ['failing', 'exit 1'],
    ]) {
      writeFileSync(join(home, name ?? ''), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
      expect(names('d1', join(home, name ?? ''))).toEqual([]);
    }
    writeFileSync(join(folder, 'host'), 'another computer\n');
    expect(names('d1')).toEqual([]);
    rmSync(join(folder, 'host'));
    // Others are needed as before, and those that were not delivered are no reason to keep all.
    rmSync(join(folder, 'sweep-0123456789ab.sh'));
    const live = join(root, 'width', 'queue-d3');
    mkdirSync(live);
    for (const name of ['runner.sh', 'sweep-1.sh']) writeFileSync(join(live, name), `${image}\n`);
    expect(names('d1')).toEqual(all.slice(0, -1));
    expect(list()).toMatchObject({ things: [], stays: expect.stringContaining('is not delivered yet') });
    const things = [
      { kind: 'source' as const, name: source },
      { kind: 'image' as const, name: image },
    ];
    expect(remove(things, script, 'd1')).toEqual(['removed', 'needed']);
  });

  it.skipIf(process.getuid?.() === 0)('keeps all where a queue cannot be read', () => {
    const folder = queue('nothing\n');
    chmodSync(join(folder, 'sweep-0123456789ab.sh'), 0);
    expect(names()).toEqual([]);
    chmodSync(folder, 0);
    expect(list()).toMatchObject({ things: [], stays: expect.stringContaining('cannot be read') });
    chmodSync(folder, 0o700);
  });

  it('says that there may be more than it lists', () => {
    const less = script.replace('most=300', 'most=1');
    const found = parseUnneeded(sh(less, 'list', '', 'false', 'width'), 'width');
    expect(found).toMatchObject({ more: true, things: { length: 1 } });
    expect(list()).toMatchObject({ more: false });
  });

  it('keeps all where grep fails', () => {
    queue('nothing\n');
    const broken = script.replace('grep -qF', 'grep --no-such-option');
    expect(parseUnneeded(sh(broken, 'list', '', 'false', 'width'), 'width')?.things).toEqual([]);
    expect(parseUnneeded(sh(script, 'list', '', 'false', 'width'), 'width')?.things).toHaveLength(3);
  });

  it('says that Docker fails', () => {
    const broken = join(home, 'broken');
    writeFileSync(broken, '#!/bin/sh\necho no permission >&2\nexit 1\n', { mode: 0o755 });
    expect(list(broken)).toMatchObject({ noImages: 'no permission', things: { length: 3 } });
  });

  it('passes by what is not ours, and never follows a link', () => {
    for (const name of [
      'mine',
      'queue-0123456789ab',
      'a b-0123456789ab',
      'x..y-0123456789ab',
      'x-0123456789',
    ])
      mkdirSync(join(root, 'inputs', name));
    symlinkSync(home, join(root, 'inputs', 'link-0123456789ab'));
    writeFileSync(join(root, 'source', 'file-0123456789.git'), '');
    expect(names()).toEqual([submodule, source, input, image]);
    const asked = ['mine', '..', '../source', '.', '', 'link-0123456789ab/../x-0123456789ab'];
    for (const removal of remove(asked.map((name) => ({ kind: 'input' as const, name }))))
      expect(removal).toEqual({ failed: 'not a folder of ours' });
    expect(remove([{ kind: 'input', name: 'link-0123456789ab' }])).toEqual(['removed']);
    expect(readdirSync(join(root, 'inputs'))).toContain('mine');
    expect(existsSync(join(home, 'docker'))).toBe(true);
  });

  it('removes, also folders without the right to write in them, and what an earlier removal left', () => {
    mkdirSync(join(root, 'source', `${source}.gone`, 'x'), { recursive: true });
    chmodSync(join(root, 'inputs', input), 0o500);
    expect(
      remove([
        { kind: 'source', name: source },
        { kind: 'input', name: input },
        { kind: 'image', name: image },
      ]),
    ).toEqual(['removed', 'removed', 'removed']);
    expect(readdirSync(join(root, 'source'))).toEqual([submodule]);
    expect(readdirSync(join(root, 'inputs'))).toEqual([]);
    expect(readFileSync(join(home, 'removed'), 'utf8')).toBe(`${image}\n${image}-gone\n`);
  });

  it('looks again before it removes, and once more when the folder is out of the way', () => {
    const things = [
      { kind: 'source' as const, name: source },
      { kind: 'image' as const, name: image },
    ];
    queue(`${source} ${image}\n`);
    expect(remove(things)).toEqual(['needed', 'needed']);
    rmSync(join(root, 'width'), { recursive: true });
    // A deployment begins at the worst moment.
    queue('nothing\n');
    const sweep = join(root, 'width', 'queue-d1', 'sweep-2.sh');
    const beginning = script.replace(
      'mv "$path" "$path.gone" 2>&1)',
      `mv "$path" "$path.gone" && echo ${source} >${sweep})`,
    );
    expect(beginning).not.toBe(script);
    expect(remove(things.slice(0, 1), beginning)).toEqual(['needed']);
    expect(readdirSync(join(root, 'source'))).toContain(source);
    expect(existsSync(join(home, 'removed'))).toBe(false);
  });
});

describe('what a machine answers', () => {
  const answer = (...lines: string[][]) =>
    [['Welcome!'], ['logistician', 'unneeded'], ...lines, ['end', 'unneeded']]
      .map((words) => words.join('\t'))
      .join('\n');
  const names = (...lines: string[][]) =>
    parseUnneeded(answer(...lines), 'width')?.things.map(({ name }) => name);

  it('is read after what the login shell prints, once and whole', () => {
    const line = ['source', source, '12k'];
    expect(parseUnneeded(answer(line, line), 'width')?.things).toEqual([
      { kind: 'source', name: source, bytes: 12_288 },
    ]);
    expect(parseUnneeded('', 'width')).toBe(null);
    expect(parseUnneeded(answer(line).replace('end\tunneeded', ''), 'width')).toBe(null);
    expect(parseUnneeded(answer(['stays', 'why'], line), 'width')).toMatchObject({
      things: [],
      stays: 'why',
    });
  });

  it.each([
    '..',
    '../../.ssh',
    '/etc',
    '',
    '-rf',
    'a/b-0123456789.git',
    '..-0123456789.git',
    'a b-0123456789.git',
    '$(reboot)-0123456789.git',
    '`reboot`-0123456789.git',
    "a'-0123456789.git",
    'a\x1b[2J-0123456789.git',
    `${'a'.repeat(300)}-0123456789.git`,
    'x-0123456789.git\r',
  ])('is no path: %j', (name) => {
    expect(names(['source', name, '1k'])).toEqual([]);
    expect(names(['input', name.replace('0123456789.git', '0123456789ab'), '1k'])).toEqual([]);
    expect(names(['image', name, '1'])).toEqual([]);
  });

  it('names no image of another experiment, no digest and no registry', () => {
    for (const name of [
      'debian:bookworm-slim',
      'logistician/width2:1',
      'logistician/width',
      'logistician/width:',
      'logistician/width:-f',
      'logistician/width:a:b',
      'evil.example/logistician/width:1',
      'logistician/width@sha256:0',
    ])
      expect(names(['image', name, '1'])).toEqual([]);
    expect(names(['image', image, '1'])).toEqual([image]);
  });

  it('has sizes that are numbers, or none', () => {
    for (const size of ['', '-1', 'NaN', '1e9', '99999999999999999999', '1kk'])
      expect(parseUnneeded(answer(['source', source, size]), 'width')?.things[0]?.bytes).toBe(null);
  });

  it('says nothing of what was not asked for, and all else has failed', () => {
    const asked: UnneededThing[] = [
      { kind: 'source', name: source, bytes: 1 },
      { kind: 'input', name: input, bytes: 1 },
      { kind: 'image', name: image, bytes: 1 },
    ];
    const text = answer(
      ['removed', 'source/other'],
      ['needed', `source/${source}`],
      ['removed', `source/${source}`],
      ['failed', `image/${image}`, 'x'.repeat(1000)],
    );
    expect(parseRemovals(text, asked)).toEqual([
      'needed',
      { failed: 'the machine does not say why' },
      { failed: 'x'.repeat(300) },
    ]);
    expect(parseRemovals('', asked)).toHaveLength(3);
  });
});
