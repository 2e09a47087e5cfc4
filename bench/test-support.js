// What the tests have, for the measurements too: TypeScript, which Node 20 does not read.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Modules find their files beside themselves also from within a bundle. */
const ownPlaces = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\/test\/support\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: 'ts',
    }));
  },
};

/** @param path of a module, from test/support. @returns what it exports */
export async function testSupport(path) {
  const outfile = join(root, 'node_modules/.cache/logistician-bench', basename(path, '.ts').concat('.js'));
  await build({
    entryPoints: [join(root, 'test/support', path)],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    plugins: [ownPlaces],
    logLevel: 'warning',
  });
  return import(outfile);
}
