import { describe, expect, it } from 'vitest';
import { baseNames } from '../../../src/recipe/base-names.js';

describe('baseNames', () => {
  it.each<[string, string[]]>([
    ['FROM debian:bookworm-slim\n', ['debian:bookworm-slim']],
    [
      '# FROM nothing\nfrom python:3 as base\nRUN echo FROM here\nFROM base\nFROM node:20\n',
      ['python:3', 'node:20'],
    ],
    ['FROM --platform=linux/amd64 a/b@sha256:00 AS x\r\nFROM X\r\n', ['a/b@sha256:00']],
    [
      'ARG TAG=3\nARG OF="a/b" NONE\nFROM python:$TAG\nFROM ${OF}:${V:-1}\nFROM x:$NONE\nFROM scratch\n',
      ['python:3', 'a/b:1'],
    ],
    ['FROM a AS one\nARG TAG=4\nFROM b:$TAG\n', ['a']],
    [
      'FROM a AS one\nFROM b\nCOPY --chown=1 --from=one /x /x\nCOPY --from=0 /y /y\nCOPY --from=lab/data:2 \\\n /z /z\n',
      ['a', 'b', 'lab/data:2'],
    ],
    ['FROM a\nFROM a\n', ['a']],
    ['  FROM indented\n', ['indented']],
    ['', []],
  ])('%j', (dockerfile, names) => {
    expect(baseNames(dockerfile)).toEqual(names);
  });
});
