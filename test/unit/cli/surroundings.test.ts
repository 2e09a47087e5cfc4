import { describe, expect, it } from 'vitest';
import { dropEmptyVariables, giveSize, keepLibrariesQuiet } from '../../../src/cli/surroundings.js';

describe('L32: an empty variable of a tool is as good as none', () => {
  it.each(['DOCKER_HOST', 'DOCKER_CONTEXT', 'AWS_PROFILE', 'SSH_AUTH_SOCK', 'TF_WORKSPACE', 'HTTPS_PROXY'])(
    '%s',
    (name) => {
      const env = { [name]: '', PATH: '/bin' };
      dropEmptyVariables(env);
      expect(env).toEqual({ PATH: '/bin' });
    },
  );

  it('what has a value stays, and so does what is not of a tool', () => {
    const env = { DOCKER_HOST: 'unix:///x', TOKEN: '', GIT_CONFIG_GLOBAL: '' };
    dropEmptyVariables(env);
    expect(env).toEqual({ DOCKER_HOST: 'unix:///x', TOKEN: '', GIT_CONFIG_GLOBAL: '' });
  });
});

describe('L30: a terminal without a size', () => {
  it.each([
    [
      { isTTY: true, columns: 0, rows: 0 },
      { isTTY: true, columns: 80, rows: 24 },
    ],
    [
      { isTTY: true, columns: 200, rows: 50 },
      { isTTY: true, columns: 200, rows: 50 },
    ],
    [{}, {}],
  ])('%j', (stream, sized) => {
    giveSize(stream);
    expect(stream).toEqual(sized);
  });
});

it('T22: DEBUG is for stack traces of ours', () => {
  const env: NodeJS.ProcessEnv = { DEBUG: '*', NODE_DEBUG: 'child_process' };
  keepLibrariesQuiet(env);
  expect(env).toEqual({ LOGISTICIAN_DEBUG: '1' });
});
