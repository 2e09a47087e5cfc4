import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { AwsApi } from '../../../src/tools/aws/api.js';
import { typeFacts } from '../../../src/tools/aws/facts.js';
import { identityOf } from '../../../src/tools/aws/identity.js';
import { refusal } from '../../../src/tools/aws/refusals.js';

describe('B4: credentials are those that the CLI and Terraform take', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };

  it('keys of the environment before a profile', async () => {
    const { credentials, profile } = identityOf({ ...keys, AWS_PROFILE: 'work' });
    expect(profile).toBeUndefined();
    expect(await credentials?.()).toEqual({ accessKeyId: 'AKIA', secretAccessKey: 'secret' });
    const session = identityOf({ ...keys, AWS_SESSION_TOKEN: 'token' });
    expect(await session.credentials?.()).toMatchObject({ sessionToken: 'token' });
  });

  it.each([
    [{}, {}],
    [{ AWS_ACCESS_KEY_ID: 'AKIA' }, {}],
    [{ AWS_PROFILE: 'work' }, { profile: 'work' }],
    [{ AWS_DEFAULT_PROFILE: 'work' }, { profile: 'work' }],
    [{ AWS_PROFILE: 'work', AWS_DEFAULT_PROFILE: 'work' }, { profile: 'work' }],
  ])('of %j: %j', (env, identity) => {
    expect(identityOf(env)).toEqual(identity);
  });

  it('two profiles are refused, since not all programs take the same', () => {
    const two = () => identityOf({ AWS_PROFILE: 'home', AWS_DEFAULT_PROFILE: 'work' });
    expect(two).toThrow(UserError);
    expect(two).toThrow('AWS_PROFILE is home and AWS_DEFAULT_PROFILE is work');
  });
});

describe('A5: the region is that of the CLI and Terraform', () => {
  const names = ['AWS_REGION', 'AWS_DEFAULT_REGION'] as const;
  const before = names.map((name) => [name, process.env[name]] as const);
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it.each([
    [{ AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-west-3'],
    [{ AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-west-3'],
    [{ AWS_REGION: 'eu-north-1', AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-north-1'],
  ])('of %j: %s', async (env, region) => {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, env);
    expect((await AwsApi.open(null)).region).toBe(region);
    expect((await AwsApi.open('us-west-2')).region).toBe('us-west-2');
  });
});

describe('D5: why there are no credentials', () => {
  const error = (message: string) => Object.assign(new Error(message), { name: 'CredentialsProviderError' });

  it("is said in the SDK's words where it says more than that there are none", () => {
    const mfa =
      'Profile default requires multi-factor authentication, but no MFA code callback was provided.';
    const { message, suggestions } = refusal('ask', 'eu-west-1', error(mfa), {});
    expect(message).toBe(`There are no AWS credentials here: ${mfa}`);
    expect(suggestions.join('\n')).toContain('eval "$(aws configure export-credentials --format env)"');
    const none = refusal('ask', 'eu-west-1', error('Could not load credentials from any providers'), {});
    expect(none.message).toBe('There are no AWS credentials here.');
  });
});

describe('A6: the GPUs of a type', () => {
  it.each([
    [[{ Count: 4, Manufacturer: 'NVIDIA' }], 4, 'NVIDIA'],
    [[{ Count: 0, LogicalGpuCount: 1, Manufacturer: 'NVIDIA' }], 1, 'NVIDIA'],
    [[{ LogicalGpuCount: 2 }], 2, ''],
    [[], 0, ''],
  ])('of %j are %i', (Gpus, gpus, gpuMaker) => {
    expect(typeFacts({ GpuInfo: { Gpus } })).toMatchObject({ gpus, gpuMaker });
  });
});
