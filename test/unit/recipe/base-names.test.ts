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
    ['ARG TAG=3\nFROM python:$TAG\nFROM scratch\n', []],
    ['FROM a\nFROM a\n', ['a']],
    ['  FROM indented\n', ['indented']],
    ['', []],
  ])('%j', (dockerfile, names) => {
    expect(baseNames(dockerfile)).toEqual(names);
  });
});
