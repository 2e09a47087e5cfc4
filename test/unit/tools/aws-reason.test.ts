import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reasonOfProfile } from '../../../src/tools/aws/own-reason.js';
import { refusal } from '../../../src/tools/aws/refusals.js';
import { scratchFolder } from '../../support/repository.js';

describe('M17: why there are no AWS credentials', () => {
  const folder = scratchFolder();
  const files = {
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
  };
  const before = Object.keys(files).map((name) => [name, process.env[name]] as const);
  beforeAll(() => {
    Object.assign(process.env, files);
    writeFileSync(
      join(folder, 'config'),
      '[profile vault]\ncredential_process = sh -c "echo the vault is sealed >&2; exit 3"\n',
    );
  });
  afterAll(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true });
  });

  it.each([
    [{ AWS_PROFILE: 'lba' }, 'Could not resolve credentials using profile: [lba] in configuration'],
    [{ AWS_DEFAULT_PROFILE: 'lba' }, 'profile: [lba]'],
    [{ AWS_PROFILE: 'vault' }, 'the vault is sealed'],
  ])('is said as the profile %j has it', async (env, words) => {
    const reason = await reasonOfProfile(env);
    expect(reason).toContain(words);
    const error = Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
    const { message } = refusal('read your identity', 'eu-west-1', error, env, reason);
    expect(message).toMatch(/^There are no AWS credentials here: /);
    expect(message).toContain(words);
    expect(message).not.toContain('\n');
  });

  it('is no more than that where no profile was asked for', async () => {
    expect(await reasonOfProfile({})).toBeNull();
  });
});
