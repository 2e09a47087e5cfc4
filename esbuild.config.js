// Bundles each command into a file of its own, so that one loads without the others, and writes the
// manifest from which oclif answers --help without loading any.
import { readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { joinRunner } from './templates/machine/join-runner.js';

/** The modules that compile a schema at each start, by what they export. */
const validators = {
  experiment: { validate: 'parameters.schema.json' },
  runs: { validateRecord: 'record.schema.json', validateVersion1: 'record-1.schema.json' },
};

/** The text of a module with the compiled validators of that folder. */
async function validatorsOf(folder, esm) {
  const { Ajv } = await import('ajv');
  const { default: standalone } = await import('ajv/dist/standalone/index.js');
  const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const ajv = new Ajv({ ...read('ajv-options.json'), code: { source: true, esm } });
  const schemas = validators[basename(folder)];
  for (const file of Object.values(schemas)) ajv.addSchema(read(file), file);
  return standalone.default(ajv, schemas);
}

/** The validators of receipts, a sixth of what a verb would load, are a file of their own that is read at the first
 *  receipt. */
const ofReceipts = 'receipt-validators.cjs';

/** Puts the validators, compiled, in the place of those modules. */
const compiledSchema = {
  name: 'compiled-schema',
  setup({ onLoad }) {
    onLoad({ filter: /experiment\/schema-validator\.ts$/ }, async ({ path }) => ({
      contents: await validatorsOf(dirname(path), true),
      resolveDir: dirname(path),
      loader: 'js',
    }));
    onLoad({ filter: /runs\/schema-validator\.ts$/ }, () => ({
      contents: `
        import { createRequire } from 'node:module';
        let all;
        const later = (name) => {
          const validate = (value) => {
            all ??= createRequire(import.meta.url)('./${ofReceipts}');
            const isValid = all[name](value);
            validate.errors = all[name].errors;
            return isValid;
          };
          return validate;
        };
        ${Object.keys(validators.runs)
          .map((name) => `export const ${name} = later('${name}');`)
          .join('\n')}`,
      loader: 'js',
    }));
  },
};

/** What libraries bring and nobody here begins: BuildKit sessions of dockerode, half of its bundle; plugins of oclif,
 *  a search for commands that the manifest names, its rc files, its spinners, and its look for Windows. */
const leftOut =
  /^(@grpc\/(grpc-js|proto-loader)|protobufjs|tinyglobby|minimatch|lilconfig|cli-spinners|wsl-utils)$/;
const withoutTheRest = {
  name: 'without-the-rest',
  setup({ onResolve, onLoad }) {
    // For each importer its own, so that none is a file that the program shares with the stack.
    onResolve({ filter: leftOut }, ({ path, importer }) => ({
      path: `${path} of ${relative(root, importer)}`,
      namespace: 'left-out',
    }));
    // A copy of Node's own streams, for Nodes before 10.
    onResolve({ filter: /^readable-stream$/ }, () => ({ path: 'node:stream', external: true }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: path.startsWith('cli-spinners ')
        ? 'module.exports = { dots2: {}, line: {} };'
        : 'module.exports = {};',
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

const isVerb = (path) => path.startsWith('src/commands/');
/** Is it loaded only after a verb, or where there is none of that name? */
const isLate = (path) => /^src\/(hooks|targets|tools)\//.test(path);

/** What each entry loads first, as paths in the project. esbuild makes a file of each set of modules that the same entries
 *  load, some seventy of a verb, and to find and open so many takes longer than to read what is in them. So a verb that
 *  loads a good part of what many verbs do loads all of it.
 *  @param metafile of a build without this */
function loadedFirst({ inputs, outputs }) {
  const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const loaded = new Map(entries.map((entry) => [entry, loadedWith(inputs, entry)]));
  const verbs = entries.filter(isVerb);
  const users = new Map();
  for (const module of verbs.flatMap((verb) => [...loaded.get(verb)]))
    users.set(module, (users.get(module) ?? 0) + 1);
  const size = (modules) => modules.reduce((sum, module) => sum + inputs[module].bytes, 0);
  const first = new Map(
    entries.filter((entry) => isVerb(entry) || isLate(entry)).map((entry) => [entry, []]),
  );
  // What all verbs load, and what at least an eighth of them do.
  for (const isOne of [
    (count) => count === verbs.length,
    (count) => count < verbs.length && count * 8 >= verbs.length,
  ]) {
    const modules = [...users].flatMap(([module, count]) => (isOne(count) ? [module] : []));
    // The modules of packages come with ours.
    const ours = modules.filter((module) => /^src\/.*\.ts$/.test(module));
    for (const [entry, list] of first) {
      const part = size(modules.filter((module) => loaded.get(entry).has(module)));
      if (isLate(entry) || part * 3 > size(modules)) list.push(...ours);
    }
  }
  return first;
}

/** The modules that are loaded with one, itself among them. */
function loadedWith(inputs, module, found = new Set()) {
  if (found.has(module) || !inputs[module]) return found;
  found.add(module);
  for (const { path, kind } of inputs[module].imports)
    if (kind !== 'dynamic-import') loadedWith(inputs, path, found);
  return found;
}

/** @param first of `loadedFirst` */
const inFewFiles = (first) => ({
  name: 'in-few-files',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const modules = first.get(relative(root, path));
      if (!modules) return undefined;
      const imports = modules.map((module) => `import ${JSON.stringify(join(root, module))};`);
      return { contents: [...imports, readFileSync(path, 'utf8')].join('\n'), loader: 'ts' };
    });
  },
});

/** Builds the program, dist/ and oclif.manifest.json, in a package's folder that has the rest, such as templates/.
 *  @param into the folder. @param plugins beside ours */
export async function buildPackage(into = root, plugins = []) {
  // Built beside the old one, which is in use until this one is whole.
  const [dist, fresh] = [join(into, 'dist'), join(into, 'dist.new')];
  rmSync(fresh, { recursive: true, force: true });
  const all = { ...options, outdir: fresh, plugins: [...options.plugins, ...plugins] };
  const { metafile } = await build({ ...all, write: false, metafile: true });
  await build({ ...all, plugins: [...all.plugins, inFewFiles(loadedFirst(metafile))] });
  withoutIdleBanners(fresh);
  await build({
    ...shared,
    entryPoints: [`${root}node_modules/${sshOfDocker.module}`],
    outfile: join(fresh, sshOfDocker.file),
    format: 'cjs',
  });
  const runs = `${root}src/runs`;
  await build({
    ...shared,
    stdin: { contents: await validatorsOf(runs, false), resolveDir: runs },
    outfile: join(fresh, ofReceipts),
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
