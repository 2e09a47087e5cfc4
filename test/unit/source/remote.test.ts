import { expect, it } from 'vitest';
import { withoutSecret } from '../../../src/source/project.js';

it.each([
  ['https://ada:hunter2@git.example.org/a/b.git', 'https://git.example.org/a/b.git'],
  ['https://ghp_abcdef@git.example.org/a/b.git', 'https://git.example.org/a/b.git'],
  ['HTTPS://x-token:t@git.example.org/a@b.git', 'HTTPS://git.example.org/a@b.git'],
  ['https://git.example.org/a/b.git', 'https://git.example.org/a/b.git'],
  ['ssh://git@git.example.org:22/a.git', 'ssh://git@git.example.org:22/a.git'],
  ['ssh://ada:hunter2@git.example.org/a.git', 'ssh://ada@git.example.org/a.git'],
  ['git@git.example.org:a/b.git', 'git@git.example.org:a/b.git'],
  ['/srv/git/a@b.git', '/srv/git/a@b.git'],
  ['../b.git', '../b.git'],
])('a receipt holds no password of a remote: %s', (url, expected) => {
  expect(withoutSecret(url)).toBe(expected);
});
