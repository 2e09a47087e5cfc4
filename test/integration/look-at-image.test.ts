import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderCommand } from '../../src/shell/command.js';
import { basesLabel, lookAtImage } from '../../src/tools/docker/lines.js';
import { baseImage, isMissing } from '../support/engines.js';
import { docker } from '../support/lab.js';

describe.skipIf(isMissing('docker'))('what an engine says of an image and its bases', () => {
  const name = `logistician-test/${randomBytes(4).toString('hex')}`;
  const [base, image] = [`${name}:base`, `${name}:image`];
  const build = (tag: string, from: string, label: string) =>
    execFileSync('docker', ['build', '--quiet', '--tag', tag, '--label', `${basesLabel}=${label}`, '-'], {
      input: `FROM ${from}\n`,
      stdio: 'pipe',
    });

  beforeAll(() => {
    build(base, baseImage, `a=b c=d\nsha256:6 ["${image}"] [] "`);
    build(image, base, `${base}=sha256:1`);
  });
  afterAll(() => {
    docker('image', 'rm', '--force', image, base);
  });

  const idOf = (tag: string) => docker('image', 'inspect', '--format', '{{.Id}}', tag);
  const look = (tag: string, ...bases: string[]) => {
    const line = `${renderCommand(lookAtImage('docker', tag, bases))} || echo failed`;
    return execFileSync('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .split('\n')
      .slice(0, -1);
  };

  it('is a line for each, no matter what a base says of itself', () => {
    const [own, other, ...more] = look(image, base);
    expect(own).toBe(`${idOf(image)} ["${image}"] [] "${base}=sha256:1"`);
    expect(other?.split(' ').slice(0, 3)).toEqual([idOf(base), `["${base}"]`, '[]']);
    expect(more).toEqual([]);
  });

  it('is what there is, and a failure, where one is missing', () => {
    expect(look(image, `${name}:none`).map((line) => line.split(' ')[0])).toEqual([idOf(image), 'failed']);
    expect(look(`${name}:none`, base).map((line) => line.split(' ')[0])).toEqual([idOf(base), 'failed']);
  });
});
