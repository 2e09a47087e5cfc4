import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificatesIn, refuseAliases, verifyProfileFiles } from '../../../src/tools/aws/user-files.js';
import { scratchFolder } from '../../support/repository.js';

describe("the user's AWS files", () => {
  let home: string;
  beforeEach(() => {
    home = scratchFolder();
    mkdirSync(join(home, '.aws', 'cli'), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const at = (name: string) => join(home, '.aws', name);

  it('need not exist, and may be any text', () => {
    verifyProfileFiles({ HOME: home });
    writeFileSync(at('config'), '\u001b[31m{ no INI ]\n');
    verifyProfileFiles({ HOME: home });
    verifyProfileFiles({
      HOME: home,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /it is not a file/],
    ['a folder', (path) => mkdirSync(path), /it is a folder/],
    ['a device', (path) => symlinkSync('/dev/zero', path), /it is not a file/],
    ['a link to itself', (path) => symlinkSync(path, path), /ELOOP/],
    ['two MiB', (path) => writeFileSync(path, 'x'.repeat(2 ** 21)), /it is longer than 1 MiB/],
    ['bytes', (path) => writeFileSync(path, Buffer.from([127, 69, 0, 1])), /it is not a text/],
  ])('are refused as %s', (_, make, why) => {
    make(at('credentials'));
    expect(() => verifyProfileFiles({ HOME: home })).toThrow(why);
    const named = { HOME: '/nowhere', AWS_CONFIG_FILE: at('credentials') };
    expect(() => verifyProfileFiles(named)).toThrow(why);
  });

  it.each([
    ['[toplevel]\nec2 = !rm -rf /', 'ec2'],
    ['[ toplevel ]\n  whoami = sts get-caller-identity\n  sts: sts --debug', 'sts'],
    ['[toplevel]\nwhoami = sts\n[command ec2]\nterminate-instances = !true', 'terminate-instances'],
    [
      '[toplevel]\nec2s = !x\n[command ec2]\nls = describe-instances\n[command ecs]\nstop-instances = x',
      null,
    ],
    ['# ec2 = !x\nec2 = !outside of any section', null],
  ])('aliases that replace what we call are refused: %j', (text, alias) => {
    writeFileSync(at('cli/alias'), text);
    const look = () => refuseAliases({ HOME: home });
    if (alias === null) look();
    else expect(look).toThrow(`The alias ${alias} in ${at('cli/alias')} replaces a command`);
  });

  it('certificates are read, or it is said that there are none', () => {
    expect(certificatesIn(undefined)).toBeNull();
    writeFileSync(at('ca.pem'), '-----BEGIN CERTIFICATE-----\n');
    expect(certificatesIn(at('ca.pem'))).toContain('BEGIN');
    for (const path of [at('missing.pem'), '/etc/hostname'])
      expect(() => certificatesIn(path)).toThrow(/has no certificates, or does not exist/);
  });
});
