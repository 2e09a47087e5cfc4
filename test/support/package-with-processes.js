// Makes a package of this program that has a fourth target, in a folder: node package-with-processes.js FOLDER
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackage } from '../../esbuild.config.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const target = fileURLToPath(new URL('./processes-target/index.ts', import.meta.url));

/** All that a target is outside of its folder. */
const line = `export const processes = async () => (await import(${JSON.stringify(target)})).ProcessesTarget;\n`;

const fourthTarget = {
  name: 'fourth-target',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/targets\/all\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8') + line,
      loader: 'ts',
    }));
  },
};

const [, , into] = process.argv;
for (const name of ['package.json', 'bin', 'templates'])
  cpSync(join(root, name), join(into, name), { recursive: true });
await buildPackage(into, [fourthTarget]);
