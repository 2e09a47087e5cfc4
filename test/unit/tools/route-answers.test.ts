import { appendFileSync, chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Executor } from '../../../src/shell/executor.js';
import { Journal } from '../../../src/shell/journal.js';
import { configDigest } from '../../../src/tools/ssh/config-digest.js';
import { RouteAnswers } from '../../../src/tools/ssh/route-answers.js';
import { scratchFolder } from '../../support/repository.js';

const folder = scratchFolder();
const config = join(folder, 'config');
const apart = join(folder, 'conf.d');
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => mkdirSync(apart));

describe('the digest of what ssh answers from', () => {
  const digest = (text: string) => {
    writeFileSync(config, text);
    return configDigest(config, folder, '/usr/bin');
  };
  const plain = 'Host gpu1\n  HostName 10.0.0.7\n';

  it('is the same until one of its files changes, or comes, or goes', () => {
    const own = join(apart, 'a.conf');
    const text = `${plain}Include ${apart}/*.conf later\n`;
    const all = [digest(plain), digest(text)];
    const next = () => all.push(configDigest(config, folder, '/usr/bin'));
    writeFileSync(own, 'Host gpu2\n');
    next();
    appendFileSync(own, '  Port 77\n');
    next();
    mkdirSync(join(folder, '.ssh'));
    writeFileSync(join(folder, '.ssh', 'later'), 'User ada\n');
    next();
    chmodSync(own, 0o666);
    next();
    expect(all).toEqual(all.map(() => expect.stringMatching(/^[0-9a-f]{64}$/)));
    expect(new Set(all).size).toBe(all.length);
    expect(digest(text)).toBe(all.at(-1));
    rmSync(own);
    expect(digest(text)).not.toBe(all.at(-1));
  });

  it.each([
    ['a condition', 'Match exec "on-the-train"\n'],
    ['a condition, written otherwise', ' mATCH=localnetwork 10.0.0.0/8\n'],
    ['names that a server completes', 'CanonicalizeHostname yes\n'],
    ['a file by a variable', `Include \${HOME}/x\n`],
    ['a file by a token', 'Include %d/x\n'],
    ['a file in quotes', 'Include "a b"\n'],
    ['files in folders of any name', `Include ${folder}/*/x\n`],
    ['files of another person', 'Include ~ada/x\n'],
    ['a file that includes itself', `Include ${config}\n`],
  ])('is unknown with %s', (_, text) => {
    expect(digest(plain + text)).toBeNull();
    writeFileSync(join(apart, 'z'), plain + text);
    expect(digest(`Include ${apart}/z\n`)).toBeNull();
    rmSync(join(apart, 'z'));
  });

  it('is unknown for an ssh that is not the system’s, which reads other files', () => {
    writeFileSync(join(folder, 'ssh'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(config, plain);
    expect(configDigest(config, folder, `${folder}:/usr/bin`)).toBeNull();
    expect(configDigest(null, folder, '/usr/bin')).not.toBe(configDigest(config, folder, '/usr/bin'));
  });
});

describe('the answers of ssh', () => {
  const executor = new Executor(new Journal(() => {}));
  let kept = '';
  const keep = (text: string) => {
    kept = text;
  };
  const store = { readRoutes: () => kept, writeRoutes: keep };
  let asked = 0;
  const counting: Pick<Executor, 'read'> = {
    read: (...words) => {
      asked++;
      return executor.read(...words);
    },
  };
  const caller = { home: folder, env: {}, config };
  const answers = () => new RouteAnswers(store, (given) => configDigest(given, folder, '/usr/bin:/bin'));
  const ask = (of: RouteAnswers, env = {}) => of.routeTo(counting, 'ada@gpu1', null, { ...caller, env });

  it('are asked for once, and again when a file has changed', async () => {
    writeFileSync(config, 'Host gpu1\n  HostName 10.0.0.7\n  IdentityAgent SSH_AUTH_SOCK\n');
    const first = answers();
    const route = await ask(first);
    expect(route).toMatchObject({ host: '10.0.0.7', user: 'ada', agent: null });
    expect(await ask(first)).toEqual(route);
    first.save();
    // Another command, with another agent.
    expect(await ask(answers(), { SSH_AUTH_SOCK: '/run/agent' })).toEqual({ ...route, agent: '/run/agent' });
    expect(asked).toBe(1);
    writeFileSync(config, 'Host gpu1\n  HostName 10.0.0.9\n');
    expect(await ask(answers())).toMatchObject({ host: '10.0.0.9' });
    expect(asked).toBe(2);
  });

  it.each(['', 'null', '{"digest":1}', '{', `{"answers":[[1]]}`])(
    'are asked for where %j is kept',
    async (text) => {
      kept = text;
      const before = asked;
      expect(await ask(answers())).toMatchObject({ host: '10.0.0.9' });
      expect(asked).toBe(before + 1);
    },
  );

  it.each(['read', 'written'] as const)('are asked for where nothing can be %s', async (which) => {
    const fails = () => {
      throw new Error('ENOSPC: no space left on device');
    };
    const readRoutes = which === 'read' ? fails : () => '';
    const one = new RouteAnswers({ readRoutes, writeRoutes: fails }, (given) =>
      configDigest(given, folder, '/usr/bin:/bin'),
    );
    expect(await ask(one)).toMatchObject({ host: '10.0.0.9' });
    one.save();
  });

  it('M1: are asked for each time where they depend on more than files', async () => {
    const moved = join(folder, 'moved');
    writeFileSync(
      config,
      `Match exec "test -e ${moved}"\n  HostName 10.0.0.1\nHost gpu1\n  HostName 10.0.0.2\n`,
    );
    const one = answers();
    expect(await ask(one)).toMatchObject({ host: '10.0.0.2' });
    writeFileSync(moved, '');
    expect(await ask(one)).toMatchObject({ host: '10.0.0.1' });
    kept = '';
    one.save();
    expect(kept).toBe('');
  });
});
