import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { targetNamed, targetNames } from '../../../src/targets/registry.js';
import { scratchFolder } from '../../support/repository.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Lines that know one target from another. */
function knowingLines(text: string): string[] {
  const name = new RegExp(`(['"])(${targetNames.join('|')})\\1|(?<![.])[.]own\\b`);
  return text.split('\n').filter((line) => name.test(line));
}

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

describe('what is above targets/', () => {
  it.each(['commands', 'hooks', 'cli', 'operations'])(
    'src/%s names no target and reads nothing of its own',
    (room) => {
      const found = filesBelow(`src/${room}`).flatMap((file) =>
        knowingLines(readFileSync(join(root, file), 'utf8')).map((line) => `${file}: ${line.trim()}`),
      );
      expect(found).toEqual([]);
    },
  );

  it('would be found to', () => {
    expect(
      knowingLines("if (target === 'aws') {\n}\nconst { region } = place.own;\nconst hosts = 1;"),
    ).toHaveLength(2);
  });
});

describe('the registry', () => {
  it('has each target under its own name', async () => {
    expect(targetNames).toEqual(['aws', 'hosts', 'local']);
    const context = { executor: null, deployments: { queue: '/queue' } } as unknown as Parameters<
      typeof targetNamed
    >[1];
    expect((await targetNamed('local', context)).name).toBe('local');
  });
});

describe('npm run check:imports', () => {
  const folder = scratchFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('finds an operation that imports a target, and a target that imports another', () => {
    const files = {
      'tsconfig.json': '{}',
      'src/targets/aws/aws.ts': "import { local } from '../local/local.js';\nexport const aws = local;\n",
      'src/targets/local/local.ts': 'export const local = 1;\n',
      'src/targets/registry.ts': "export { aws } from './aws/aws.js';\n",
      'src/operations/good.ts': "import { aws } from '../targets/registry.js';\nexport const good = aws;\n",
      'src/operations/bad.ts': "import { aws } from '../targets/aws/aws.js';\nexport const bad = aws;\n",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const program = join(root, 'node_modules', '.bin', 'depcruise');
    const words = ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'err', 'src'];
    const { stdout, status } = spawnSync(program, words, { cwd: folder, encoding: 'utf8' });
    expect(stdout).toContain('targets-behind-their-contract: src/operations/bad.ts');
    expect(stdout).toContain('targets-apart: src/targets/aws/aws.ts');
    expect(stdout).not.toContain('good.ts');
    expect(status).toBe(2);
  });
});
