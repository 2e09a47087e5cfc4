// The machines of the tests, for the measurements too: TypeScript, which Node 20 does not read.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns the class LightFleet of test/support */
export async function lightFleet() {
  const outfile = join(root, 'node_modules/.cache/logistician-bench/light-fleet.js');
  await build({
    entryPoints: [join(root, 'test/support/light-fleet.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  return (await import(outfile)).LightFleet;
}
