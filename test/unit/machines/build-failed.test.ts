import { describe, expect, it } from 'vitest';
import { BuildFailed } from '../../../src/machines/build-failed.js';

describe('A build that failed', () => {
  const failed = (said: string) =>
    new BuildFailed({ dockerfile: 'e/Dockerfile', absent: ['python:3-slim'] }, 1, said, [], '');
  const pulls = (said: string) => failed(said).suggestions.includes('docker pull python:3-slim');

  it.each([
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.0.1:53: no such host',
    'Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused',
    'Get "https://registry.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'Get "https://registry.example/v2/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: no route to host',
    'Get "https://registry.example/v2/": x509: certificate signed by unknown authority',
    'ERROR: failed to solve: python:3-slim: failed to resolve source metadata for registry.example/python:3-slim: failed to do request: Head "https://registry.example/v2/python/manifests/3-slim": dial tcp: lookup registry.example: no such host',
  ])('because a registry is not reached, says so: %s', (said) => {
    expect(failed(said).message).toMatch(/did not reach the registry/);
    expect(pulls(said)).toBe(true);
  });

  it.each([
    "pull access denied for unknown, repository does not exist or may require 'docker login'",
    'manifest for python:3-slimm not found: manifest unknown: manifest unknown',
    'RUN curl https://example.org/v2/x\ncurl: (6) Could not resolve host: example.org',
    'Get "https://registry.example/v2/python/manifests/3-slim": unauthorized: authentication required',
  ])('for another reason, is a matter of the Dockerfile: %s', (said) => {
    expect(failed(said).message).not.toMatch(/did not reach/);
    expect(pulls(said)).toBe(false);
  });

  it('shows what the build said, without what the old builder says of itself', () => {
    const said =
      'DEPRECATED: The legacy builder is deprecated.\n            Install buildx:\n            https://docs.example/\n\nStep 1/2 : FROM x\n  indented\n';
    expect(failed(said).message).toBe(
      'The image could not be built: docker build ended with exit code 1:\n  Step 1/2 : FROM x\n    indented',
    );
  });

  it('on a full disk, proposes to make room', () => {
    expect(failed('write /layer: No space left on device').suggestions).toContain('docker system prune');
  });
});
