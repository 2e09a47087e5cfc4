import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { renderCommand } from '../../../src/shell/command.js';
import { Executor } from '../../../src/shell/executor.js';
import { Journal } from '../../../src/shell/journal.js';
import { isAddress, parseAddress } from '../../../src/tools/ssh/address.js';
import { socketFolderBytes, sshConfig } from '../../../src/tools/ssh/config-file.js';
import {
  findHostKeys,
  fingerprint,
  hostKeyOf,
  knownHostsText,
  parseKnownHosts,
  sameKey,
} from '../../../src/tools/ssh/known-hosts.js';
import { interactive } from '../../../src/tools/ssh/lines.js';
import { knownName, parseRoute, type Route, resolveRoute, routeOf } from '../../../src/tools/ssh/route.js';
import { isMissing } from '../../support/engines.js';
import { makeKey } from '../../support/sshd.js';

describe('an address', () => {
  it.each([
    ['gpu1', { user: null, host: 'gpu1', port: null }],
    ['me@gpu1.lab:2222', { user: 'me', host: 'gpu1.lab', port: 2222 }],
    ['10.0.0.7:22', { user: null, host: '10.0.0.7', port: 22 }],
    ['me@[fe80::1]:22', { user: 'me', host: 'fe80::1', port: 22 }],
    ['[::1]', { user: null, host: '::1', port: null }],
    ['me@[fe80::5054:ff:fe12:3456%br0]', { user: 'me', host: 'fe80::5054:ff:fe12:3456%br0', port: null }],
  ])('%s is taken apart', (text, parts) => {
    expect(isAddress(text)).toBe(true);
    expect(parseAddress(text)).toEqual(parts);
  });

  it.each([
    '',
    '-oProxyCommand=x',
    'me@-x',
    '-me@gpu1',
    'a b',
    'a:b',
    'a@b@c',
    'gpu1;x',
    '$(x)',
    'a\nb',
    '::1',
    '[::1%]',
    '[::1%br0 -x]',
    'gpu1%br0',
  ])('%j is none', (text) => {
    expect(isAddress(text)).toBe(false);
  });
});

const route: Route = {
  typed: 'gpu1',
  host: '10.0.0.7',
  port: 2222,
  user: 'ada',
  identityFiles: ['/home/me/.ssh/id_ed25519', '/my keys/100% "mine"'],
  certificateFiles: ['/home/me/.ssh/cert.pub'],
  agent: '/run/agent',
  identityAgent: '/run/agent',
  identitiesOnly: true,
  jump: 'me@gate:2200',
  proxyCommand: null,
  knownHosts: ['/home/me/.ssh/known_hosts'],
  knownAs: '[10.0.0.7]:2222',
  config: null,
};

describe('the way to a machine', () => {
  it('is asked of ssh', () => {
    expect(renderCommand(resolveRoute('me@gpu1:2222', 'gate', '/my config'))).toBe(
      `ssh -G -F '/my config' -l me -p 2222 -J gate -- gpu1`,
    );
    expect(renderCommand(resolveRoute('gpu1', null, null))).toBe('ssh -G -- gpu1');
  });

  const surroundings = { home: '/home/me', env: { SSH_AUTH_SOCK: '/agent', MINE: '/mine' }, config: null };

  it('is read from what ssh says', () => {
    const said = `user ada
hostname 10.0.0.7
port 2222
identitiesonly yes
identityfile ~/.ssh/id_ed25519
identityfile %d/.ssh/100%% other key
certificatefile ~/cert.pub
userknownhostsfile /home/me/.ssh/known_hosts ~/.ssh/known_hosts2
globalknownhostsfile none
identityagent SSH_AUTH_SOCK
proxyjump me@gate:2200
`;
    expect(parseRoute(said, 'me@gpu1', surroundings)).toEqual({
      ...route,
      needsSsh: false,
      asksForKeys: false,
      identityFiles: ['/home/me/.ssh/id_ed25519', '/home/me/.ssh/100% other key'],
      certificateFiles: ['/home/me/cert.pub'],
      agent: '/agent',
      identityAgent: 'SSH_AUTH_SOCK',
      knownHosts: ['/home/me/.ssh/known_hosts', '/home/me/.ssh/known_hosts2'],
    });
  });

  it.each([
    ['', '/agent'],
    ['identityagent SSH_AUTH_SOCK\n', '/agent'],
    ['identityagent none\n', null],
    ['identityagent $MINE\n', '/mine'],
    [`identityagent \${MINE}\n`, '/mine'],
    ['identityagent $NOT_THERE\n', null],
    ['identityagent ~/agent\n', '/home/me/agent'],
  ])('has the agent that %j names', (line, agent) => {
    expect(parseRoute(`hostname a\nport 22\n${line}`, 'a', surroundings).agent).toBe(agent);
  });

  it.each([
    ['/a b/known hosts ~/.ssh/known_hosts2', ['/a b/known hosts', '/home/me/.ssh/known_hosts2']],
    ['/home/my me/known %d/k n', ['/home/my me/known', '/home/me/k n']],
    ['none', []],
  ])('has files of host keys whose paths have blanks: %j', (list, files) => {
    const said = `hostname a\nport 22\nuserknownhostsfile ${list}\nglobalknownhostsfile none\n`;
    expect(parseRoute(said, 'a', surroundings).knownHosts).toEqual(files);
  });

  it('M17: has what tokens and variables in paths stand for', () => {
    const said = `user ada
hostname 10.0.0.7
port 2222
identityfile ~/.ssh/%r@%n
identityfile %d/%h-%p-%k-100%%
identityfile \${MINE}/key
identityfile \${NOT_THERE}/%Z
`;
    expect(parseRoute(said, 'me@gpu1', surroundings).identityFiles).toEqual([
      '/home/me/.ssh/ada@gpu1',
      '/home/me/10.0.0.7-2222-gpu1-100%',
      '/mine/key',
      `\${NOT_THERE}/%Z`,
    ]);
    const user = execFileSync('id', ['-un']).toString().trim();
    const local = `user ada\nhostname a\nport 22\nhostkeyalias b\nidentityfile /%u/%i/%k\n`;
    expect(parseRoute(local, 'a', surroundings).identityFiles).toEqual([`/${user}/${process.getuid?.()}/b`]);
  });

  it('has the name that known_hosts has', () => {
    expect(parseRoute('hostname a\nport 22\nhostkeyalias b\n', 'a', surroundings).knownAs).toBe('b');
    expect(knownName({ host: 'a', port: 22 })).toBe('a');
    expect(knownName({ host: 'a', port: 23 })).toBe('[a]:23');
  });
});

describe('a person’s own session', () => {
  it('is a shell there, or one line', () => {
    expect(renderCommand(interactive('/c', 'lr-1', null, true))).toBe('ssh -F /c -t lr-1');
    const there = { argv: ['echo', 'a b'] };
    expect(renderCommand(interactive('/c', 'lr-1', there, false))).toBe(
      `ssh -F /c lr-1 -- 'echo '"'"'a b'"'"`,
    );
  });
});

describe.skipIf(isMissing('sshd'))('files that ssh reads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'logistician-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const places = {
    config: '/my experiment/100%/ssh_config',
    knownHosts: '/my experiment/100%/known_hosts',
    sockets: '/run/s',
    includes: [],
    key: '/key',
  };
  const read = (text: string, host: string) => {
    const file = join(folder, 'config');
    writeFileSync(file, text);
    return execFileSync('ssh', ['-G', '-F', file, host], { stdio: 'pipe' }).toString().split('\n');
  };

  it.each(['gpu1', 'lr-0-1-0123456789'])('name the machine, by %s, as it was found', (name) => {
    const said = read(sshConfig([{ name: 'gpu1', aliases: ['lr-0-1-0123456789'], route }], places), name);
    expect(said).toEqual(
      expect.arrayContaining([
        'hostname 10.0.0.7',
        'port 2222',
        'user ada',
        'hostkeyalias gpu1',
        'identityfile /home/me/.ssh/id_ed25519',
        'identityfile /my keys/100%% "mine"',
        'identityfile /key',
        'certificatefile /home/me/.ssh/cert.pub',
        'identitiesonly yes',
        'identityagent /run/agent',
        'proxyjump me@gate:2200',
        'userknownhostsfile /my experiment/100%/known_hosts',
        'stricthostkeychecking true',
        'batchmode yes',
        'forwardagent no',
        expect.stringMatching(/^controlpath \/run\/s\/[0-9a-f]{20}$/),
      ]),
    );
  });

  const socketOf = (text: string, host: string) =>
    read(text, host)
      .find((line) => line.startsWith('controlpath '))
      ?.slice('controlpath '.length) ?? '';

  it('M2: have a socket for each machine, with any address, and for each way to it', () => {
    const named = (name: string, changes: Partial<Route> = {}) => ({
      name,
      aliases: [],
      route: { ...route, ...changes },
    });
    const text = sshConfig([named('gpu1'), named('gpu2')], places);
    const sockets = [
      socketOf(text, 'gpu1'),
      socketOf(text, 'gpu2'),
      socketOf(text, 'gate'),
      // Another gate, another address, another deployment.
      socketOf(sshConfig([named('gpu1', { jump: 'other' })], places), 'gpu1'),
      socketOf(sshConfig([named('gpu1', { host: '10.0.0.8' })], places), 'gpu1'),
      socketOf(sshConfig([named('gpu1')], { ...places, config: '/other/ssh_config' }), 'gpu1'),
      socketOf(sshConfig([named('gpu1')], { ...places, config: '/other/ssh_config' }), 'gate'),
    ];
    expect(new Set(sockets).size).toBe(sockets.length);
    expect(socketOf(sshConfig([named('gpu1')], places), 'gpu1')).toBe(sockets[0]);
    // A path that a socket can have, with what ssh adds to it for a moment.
    const longest = `/${'a'.repeat(socketFolderBytes - 1)}`;
    const far = sshConfig([named('gpu1')], { ...places, sockets: longest });
    for (const name of ['gpu1', 'gate']) expect(socketOf(far, name).length + 17).toBeLessThan(104);
  });

  it.each([
    ['', undefined],
    ['identityagent SSH_AUTH_SOCK\n', 'SSH_AUTH_SOCK'],
    ['identityagent $MINE\n', '$MINE'],
    ['identityagent none\n', 'none'],
    ['identityagent /fixed agent\n', '/fixed agent'],
  ])('M1: have the agent as the user’s configuration names it, %j', (line, agent) => {
    const env = { SSH_AUTH_SOCK: '/of-this-login', MINE: '/of-this-login' };
    const found = parseRoute(`user ada\nhostname a\nport 22\n${line}`, 'a', {
      home: '/home/me',
      env,
      config: null,
    });
    const text = sshConfig([{ name: 'gpu1', aliases: [], route: found }], places);
    expect(text).not.toContain('/of-this-login');
    expect(read(text, 'gpu1').find((said) => said.startsWith('identityagent'))).toBe(
      agent && `identityagent ${agent}`,
    );
  });

  it('M1: are made from the way of this moment, as a Match in the user’s own configuration has it', async () => {
    const [config, moved] = [join(folder, 'of-the-moment'), join(folder, 'has-moved')];
    writeFileSync(
      config,
      `Match host gpu1 exec "test -e ${moved}"\n  HostName 10.0.0.9\nHost gpu1\n  HostName 10.0.0.7\n`,
    );
    const executor = new Executor(new Journal(() => {}));
    const way = () => routeOf(executor, 'ada@gpu1', null, { home: '/home/me', env: {}, config });
    const before = await way();
    expect(before).toMatchObject({ host: '10.0.0.7', user: 'ada', agent: null, config });
    writeFileSync(moved, '');
    expect(await way()).toEqual({ ...before, host: '10.0.0.9', knownAs: '10.0.0.9' });
  });

  it('go before what the user’s own say, who has the last word on all else', () => {
    const own = join(folder, 'own');
    writeFileSync(
      own,
      'Host *\n  User other\n  StrictHostKeyChecking no\n  Compression yes\nHost gate\n  Port 77\n',
    );
    const text = sshConfig([{ name: 'gpu1', aliases: [], route }], { ...places, includes: [own] });
    expect(read(text, 'gpu1')).toEqual(
      expect.arrayContaining(['user ada', 'stricthostkeychecking true', 'compression yes']),
    );
    expect(read(text, 'gate')).toEqual(expect.arrayContaining(['user other', 'port 77', 'batchmode yes']));
  });

  it('M13, M17: have the machine as it was typed, with any name there', () => {
    const proxyCommand = 'gate --for %n --at %h 100%%';
    const typed = 'fe80::1%br0';
    const one = { ...route, typed, host: typed, jump: null, proxyCommand };
    const text = sshConfig([{ name: 'fe80--1-br0', aliases: ['lr-1'], route: one }], places);
    for (const name of ['fe80--1-br0', 'lr-1'])
      expect(read(text, name)).toEqual(
        expect.arrayContaining([
          `hostname ${typed}`,
          'proxycommand gate --for fe80::1%%br0 --at %h 100%%',
          'identityfile /my keys/100%% "mine"',
        ]),
      );
    const jumping = { ...route, jump: 'gate-%n' };
    expect(read(sshConfig([{ name: 'a', aliases: [], route: jumping }], places), 'a')).toContain(
      'proxyjump gate-gpu1',
    );
  });

  it('hold host keys, found by what ssh-keygen finds', async () => {
    const [good, bad] = ['good', 'bad'].map((name) => {
      makeKey(join(folder, name));
      const [type = '', key = ''] = execFileSync('cat', [join(folder, `${name}.pub`)])
        .toString()
        .split(' ');
      return { type, key };
    });
    if (!good || !bad) throw new Error('no keys');
    expect(hostKeyOf(Buffer.from(good.key, 'base64'))).toEqual(good);
    expect(sameKey(good, bad)).toBe(false);
    const listed = execFileSync('ssh-keygen', ['-l', '-f', join(folder, 'good.pub')]).toString();
    expect(listed.split(' ')[1]).toBe(fingerprint(good));

    const known = new Map([
      ['gpu1', [good]],
      ['gpu2', [bad, good].sort((a, b) => (a.key < b.key ? -1 : 1))],
    ]);
    expect(parseKnownHosts(knownHostsText(known))).toEqual(known);
    expect(parseKnownHosts('\n\n')).toEqual(new Map());

    const file = join(folder, 'known_hosts');
    writeFileSync(
      file,
      `# a comment\n[gpu1]:2222 ${good.type} ${good.key} me@here\n@revoked [gpu1]:2222 ${bad.type} ${bad.key}\n`,
    );
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    const executor = new Executor(new Journal(() => {}));
    expect(await findHostKeys(executor, '[gpu1]:2222', [join(folder, 'not there'), file])).toEqual({
      good: [good],
      revoked: [bad],
      isCertified: false,
      files: [file],
    });
    expect(await findHostKeys(executor, 'gpu1', [file])).toEqual({
      good: [],
      revoked: [],
      isCertified: false,
      files: [],
    });
  });
});
