// Bundles each command into a file of its own, so that one loads without the others, and writes the
// manifest from which oclif answers --help without loading any.
import { readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { joinRunner } from './templates/machine/join-runner.js';

/** The modules that compile a schema at each start, by what they export. */
const validators = {
  experiment: { validate: 'parameters.schema.json' },
  runs: { validateRecord: 'record.schema.json', validateVersion1: 'record-1.schema.json' },
};

/** Puts the validators, compiled, in the place of those modules. */
const compiledSchema = {
  name: 'compiled-schema',
  setup({ onLoad }) {
    onLoad({ filter: /(experiment|runs)\/schema-validator\.ts$/ }, async ({ path }) => {
      const { Ajv } = await import('ajv');
      const { default: standalone } = await import('ajv/dist/standalone/index.js');
      const folder = dirname(path);
      const read = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
      const ajv = new Ajv({ ...read('ajv-options.json'), code: { source: true, esm: true } });
      const schemas = validators[basename(folder)];
      for (const file of Object.values(schemas)) ajv.addSchema(read(file), file);
      return { contents: standalone.default(ajv, schemas), resolveDir: folder, loader: 'js' };
    });
  },
};

/** What libraries bring and nobody here begins: BuildKit sessions of dockerode, half of its bundle; plugins of oclif,
 *  a search for commands that the manifest names, its rc files and its spinners. */
const leftOut = /^(@grpc\/(grpc-js|proto-loader)|protobufjs|tinyglobby|minimatch|lilconfig|cli-spinners)$/;
const withoutTheRest = {
  name: 'without-the-rest',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: leftOut }, ({ path }) => ({ path, namespace: 'left-out' }));
    // A copy of Node's own streams, for Nodes before 10.
    onResolve({ filter: /^readable-stream$/ }, () => ({ path: 'node:stream', external: true }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents:
        path === 'cli-spinners' ? 'module.exports = { dots2: {}, line: {} };' : 'module.exports = {};',
    }));
  },
};

/** The SSH of dockerode, with all of ssh2, is a file of its own, that is read when an engine is reached that way: as a
 *  part of the bundle it would be parsed at each start. */
const sshOfDocker = { module: 'docker-modem/lib/ssh.js', file: 'docker-ssh.cjs' };
const lateSsh = {
  name: 'late-ssh',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/ssh$/ }, ({ importer, path }) =>
      importer.endsWith('/docker-modem/lib/modem.js') ? { path, namespace: 'late' } : undefined,
    );
    onResolve({ filter: /./, namespace: 'late' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: 'late' }, () => ({
      contents: `module.exports = (options) => require('./${sshOfDocker.file}')(options);`,
    }));
  },
};

/** cdktf notes for each of its objects where it was made, which is half of the time and memory that a stack takes. */
const withoutTraces = {
  name: 'without-traces',
  setup({ onLoad }) {
    onLoad({ filter: /cdktf\/lib\/tokens\/private\/stack-trace\.js$/ }, () => ({
      contents: 'exports.captureStackTrace = () => [];',
    }));
  },
};

/** oclif sorts the verbs, which are ASCII, by the rules of a language: to load these takes longer than all else of it. */
const plainOrder = {
  name: 'plain-order',
  setup({ onLoad }) {
    onLoad({ filter: /@oclif\/core\/lib\/config\/plugin\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const plain = text.replace('a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)');
      if (plain === text) throw new Error(`${path} sorts its commands in another way.`);
      return { contents: plain, loader: 'js' };
    });
  },
};

const root = fileURLToPath(new URL('.', import.meta.url));
const commands = readdirSync(`${root}src/commands`).map((file) => `${root}src/commands/${file}`);

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  loader: { '.node': 'empty' },
};

/** What CommonJS libraries inside an ES module bundle expect to be there. */
const ofCommonJs = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  "const __dirname = __fileURLToPath(new URL('.', import.meta.url));",
].join('');

const options = {
  ...shared,
  entryPoints: [
    `${root}src/main.ts`,
    `${root}src/help.ts`,
    `${root}src/hooks/command-not-found.ts`,
    ...commands,
    // The stack, in chunks that nothing loads before it is wanted.
    ...['main', 'synthesize'].map((name) => ({ in: `${root}stacks/${name}.ts`, out: `stacks/${name}` })),
  ],
  outbase: `${root}src`,
  plugins: [compiledSchema, withoutTheRest, lateSsh, withoutTraces, plainOrder],
  splitting: true,
  format: 'esm',
  // oclif looks for these when it runs from TypeScript sources, which a bundle never does.
  external: ['typescript', 'ts-node', 'tsx'],
  banner: { js: ofCommonJs },
};

/** Builds the program, dist/ and oclif.manifest.json, in a package's folder that has the rest, such as templates/.
 *  @param into the folder. @param plugins beside ours */
export async function buildPackage(into = root, plugins = []) {
  // Built beside the old one, which is in use until this one is whole.
  const [dist, fresh] = [join(into, 'dist'), join(into, 'dist.new')];
  rmSync(fresh, { recursive: true, force: true });
  await build({
    ...options,
    outdir: fresh,
    plugins: [...options.plugins, ...plugins],
  });
  withoutIdleBanners(fresh);
  await build({
    ...shared,
    entryPoints: [`${root}node_modules/${sshOfDocker.module}`],
    outfile: join(fresh, sshOfDocker.file),
    format: 'cjs',
  });
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  await writeManifest(into);
}

/** Most files have no such library in them, and a command loads some seventy. */
function withoutIdleBanners(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.js'));
  for (const file of files) {
    const path = join(folder, file);
    const [before, after, ...more] = readFileSync(path, 'utf8').split(ofCommonJs);
    if (after === undefined || more.length > 0) throw new Error(`${path} begins in another way.`);
    if (!/\b(require|__filename|__dirname)\b/.test(after)) writeFileSync(path, before + after.trimStart());
  }
}

async function writeManifest(folder) {
  const { Plugin } = await import('@oclif/core');
  const plugin = new Plugin({
    root: folder,
    type: 'core',
    ignoreManifest: true,
    errorOnManifestCreate: true,
  });
  await plugin.load();
  const manifest = join(folder, 'oclif.manifest.json');
  writeFileSync(`${manifest}.new`, `${JSON.stringify(plugin.manifest, null, 1)}\n`);
  renameSync(`${manifest}.new`, manifest);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  joinRunner();
  await buildPackage();
}
