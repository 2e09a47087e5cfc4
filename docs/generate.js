// Writes docs/reference from what the code itself says: the commands' own help texts (oclif.manifest.json, which
// `npm run build` makes) and the JSON Schemas of parameters.json, run.json and what --json prints. test/unit/docs holds
// the pages to it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** All pages of the reference by their file names. `commands` are oclif's, as classes or as the manifest has them. */
export function referencePages({ commands, parameters, receipt, output }) {
  return {
    'commands.md': commandsPage(commands),
    'parameters.md': parametersPage(parameters),
    'receipt.md': receiptPage(receipt),
    'json.md': jsonPage(output),
  };
}

// --- commands --------------------------------------------------------------------------------------------------

export function commandsPage(commands) {
  const sorted = Object.entries(commands).sort(([one], [other]) => (one < other ? -1 : 1));
  const withoutJson = sorted
    .filter(([, command]) => command.enableJsonFlag === false)
    .map(([id]) => code(id));
  return page(
    'Commands',
    wrapped(
      `\`EXPERIMENT\` is the folder that holds \`Dockerfile\` and \`parameters.json\`; it is named by that folder or any folder in it, or by its name; left out, it is the one you are in, or the only one of the project. A condition is named by its id or the beginning of it. What a command changes, it prints first, on standard error; on standard output is the result alone. \`--json\` gives it as JSON${withoutJson.length > 0 ? ` (not for ${list(withoutJson)})` : ''}. \`logistician COMMAND --help\` says what this page says.`,
    ),
    table(
      ['command', 'what it does'],
      sorted.map(([id, { summary }]) => [`[${code(id)}](#${id})`, summary]),
    ),
    ...sorted.map(([id, command]) => commandSection(id, command)),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      [
        ['0', 'all is well'],
        [
          '1',
          'a problem that the message says how to solve; a condition that failed, was stopped or was lost',
        ],
        ['2', 'wrong usage'],
        ['125', '`run`: the job never started'],
        ['130', 'Ctrl-C'],
        ['any other', '`run`: the job’s own code; `shell`: the shell’s'],
      ],
    ),
  );
}

function commandSection(id, command) {
  const args = Object.entries(command.args ?? {});
  const flags = Object.entries(command.flags ?? {})
    .filter(([name, flag]) => name !== 'json' && !flag.hidden)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const words = args.map(([name, arg]) => `[${(arg.name ?? name).toUpperCase()}]`);
  const usage = command.usage ?? [id, ...words, ...(flags.length > 0 ? ['[FLAGS]'] : [])].join(' ');
  const rows = [
    ...args
      .filter(([name, arg]) => usage.includes((arg.name ?? name).toUpperCase()))
      .map(([name, arg]) => [code((arg.name ?? name).toUpperCase()), argText(arg)]),
    ...flags.map(([name, flag]) => [code(flagWords(name, flag)), flagText(flag)]),
  ];
  return [
    `## ${id}`,
    wrapped([command.summary, command.description].filter(Boolean).join(' ')),
    fence(`logistician ${usage}`),
    ...(rows.length > 0 ? [table(['word', 'meaning'], rows)] : []),
    ...(command.examples ? ['For example:', fence(aligned(command.examples).join('\n'))] : []),
  ].join('\n\n');
}

const argText = ({ description, default: value }) =>
  value === undefined ? sentence(description) : `${sentence(description)} Default: ${code(value)}.`;

function flagWords(name, flag) {
  const value =
    flag.type === 'boolean' ? '' : ` ${flag.options ? flag.options.join('|') : (flag.helpValue ?? 'VALUE')}`;
  return `${flag.char ? `-${flag.char}, ` : ''}--${name}${value}`;
}

function flagText({ description, default: value, exclusive, dependsOn }) {
  const plain = typeof value === 'string' || typeof value === 'number' ? [`Default: ${code(value)}.`] : [];
  const apart = exclusive?.length ? [`Not with ${list(exclusive.map((name) => code(`--${name}`)))}.`] : [];
  const needs = dependsOn?.length ? [`Only with ${list(dependsOn.map((name) => code(`--${name}`)))}.`] : [];
  return [sentence(description), ...plain, ...apart, ...needs].join(' ');
}

/** Examples with the remarks behind them in one column. */
function aligned(examples) {
  const parts = examples.map((text) =>
    text.replaceAll('<%= config.bin %>', 'logistician').split(/ {2,}(?=# )/),
  );
  const width = Math.max(0, ...parts.filter(([, remark]) => remark).map(([line]) => line.length));
  return parts.map(([line, remark]) => (remark ? `${line.padEnd(width)}  ${remark}` : line));
}

// --- parameters.json -------------------------------------------------------------------------------------------

export function parametersPage(schema) {
  const keys = Object.entries(schema.properties);
  const nested = keys.filter(([, { items }]) => items?.properties);
  return page(
    'parameters.json',
    `One of the two files of an experiment. It is configuration, not source: it is read from the working tree, its changes
do not make the tree dirty, and every receipt holds a copy. All of it is checked at once, before anything runs
(\`logistician validate\`); an unknown key is an error that names the nearest known one.`,
    `Conditions run on this computer, on [your own machines](../guide/your-own-machines.md) or at [AWS](../guide/aws.md). Keys of
one target (\`hosts\`, \`aws_…\`, \`tags\`) do not disturb another: \`deploy --target local\` runs a file that names them.`,
    table(
      ['key', 'type', 'default', 'meaning'],
      [
        ...keys.map(([key, wish]) => [code(key), typeText(wish), defaultText(wish), wish.description]),
        ...Object.entries(schema.patternProperties ?? {}).map(([pattern, wish]) => [
          code(pattern.replace(/\$$/, '').replace(/^(?=_)/, '…')),
          'any',
          '',
          wish.description,
        ]),
      ],
    ),
    ...nested.map(([key, { items }]) =>
      [
        `## ${key}: what an object may say`,
        table(
          ['key', 'type', 'default', 'meaning'],
          Object.entries(items.properties).map(([name, wish]) => [
            code(name),
            typeText(wish),
            items.required?.includes(name) ? 'required' : defaultText(wish),
            wish.description,
          ]),
        ),
      ].join('\n\n'),
    ),
    `The same as a JSON Schema, for an editor's completion: \`src/experiment/parameters.schema.json\`, in a clone and in an
installed copy, whose folder is \`logistician\` below the one that \`npm root --global\` prints (with \`--prefix ~/.local\`, if
it was installed so). A parameters.json may name the schema's path under \`$schema\`.`,
  );

  function defaultText({ default: value, ...wish }) {
    if (schema.required?.some((key) => schema.properties[key]?.description === wish.description))
      return 'required';
    return value === undefined ? '' : code(JSON.stringify(value));
  }
}

const TYPES = { array: 'list', boolean: 'true, false', integer: 'whole number', string: 'text' };

function typeText({ examples, enum: options = examples, type, items }) {
  if (options)
    return options.map((option) => code(option === null ? 'null' : JSON.stringify(option))).join(', ');
  return [type]
    .flat()
    .map((name) => (name === 'array' && items?.type === 'string' ? 'list of texts' : (TYPES[name] ?? name)))
    .join(' or ');
}

// --- run.json --------------------------------------------------------------------------------------------------

export function receiptPage(schema) {
  return page(
    'run.json, the receipt',
    `Every run has a folder of its own, \`runs/<run id>/\`, and there a receipt: what was run, from which code and image, where,
when, and how it ended. The folder can be moved, kept and read without Logistician. \`src/runs/record.schema.json\` is the same
as a JSON Schema.`,
    `\`schema\` is the version of this form, now ${schema.properties.schema.const}. Fields may be added within a version, so a reader takes those
that it does not know as they are; taking one away, or changing its meaning, makes a new version. Older versions are read
too. A receipt of a newer version than Logistician knows is refused, and \`history\` has its run as \`unreadable\`.`,
    table(['field', 'type', 'meaning'], receiptRows(schema, schema, '')),
    `## Questions that it answers

${fence(
  `# which conditions failed, and why
jq -r 'select(.state == "failed") | [.condition, .reason, .exit_code] | @tsv' runs/*/run.json
# the code of a run
git show "$(jq -r .recipe.source.commit runs/RUN/run.json)"
# the line that made its container (docs/guide/by-hand.md runs it again)
jq -r .container_line runs/RUN/run.json`,
)}`,
  );
}

function receiptRows(schema, node, prefix) {
  return Object.entries(node.properties ?? {}).flatMap(([name, wish]) => {
    const field = `${prefix}${name}`;
    const own = resolve(schema, wish);
    return [
      [code(field), receiptType(schema, own), wish.description],
      ...receiptRows(schema, own, `${field}.`),
      ...receiptRows(schema, own.items ?? {}, `${field}[].`),
      ...receiptRows(schema, own.additionalProperties ?? {}, `${field}.NAME.`),
    ];
  });
}

const NAMED = {
  objectId: 'git object id',
  imageId: 'image id',
  texts: 'object of texts',
  time: 'time (ISO 8601, UTC)',
  timeOrNull: 'time or null',
};

/** The schema behind a reference, with the name of that as its title. */
function resolve(schema, wish) {
  const reference = wish.$ref ?? (wish.allOf?.length === 1 ? wish.allOf[0].$ref : undefined);
  if (!reference) return wish;
  const name = reference.split('/').at(-1);
  return { ...schema.definitions[name], title: NAMED[name] };
}

function receiptType(schema, wish) {
  if (wish.title) return wish.title;
  if (wish.anyOf) return wish.anyOf.map((one) => receiptType(schema, resolve(schema, one))).join(' or ');
  return wish.const === undefined ? typeText(wish) : code(JSON.stringify(wish.const));
}

// --- what --json prints ------------------------------------------------------------------------------------------

export function jsonPage(schema) {
  const { error, ...verbs } = schema.properties;
  return page(
    'What --json prints',
    `On standard output stands one JSON value and nothing else; progress is on standard error. Fields may be
added in later versions; none changes its meaning. A field that has nothing to say is null. The same as a JSON Schema:
\`src/cli/output.schema.json\`, to which the tests hold real outputs.`,
    ...Object.entries({ ...verbs, 'any command that fails': error }).map(([name, wish]) =>
      [`## ${name}`, ...(wish.description ? [wish.description] : []), ...jsonFields(schema, name, wish)].join(
        '\n\n',
      ),
    ),
    `## For example

${fence(
  `# conditions that failed, and why
logistician status --json | jq -r '.conditions[] | select(.state == "failed") | [.condition, .reason] | @tsv'
# one line a condition, the best first
logistician status --json | jq -r '.conditions[] | [.summary.accuracy, .condition] | @tsv' | sort -rn
# follow what all of them print, as JSON
logistician logs -f --json | jq -r 'select(.line | test("loss")) | "\\(.condition) \\(.line)"'`,
)}`,
  );
}

/** The fields as a table. Most verbs that look at conditions print what \`status\` prints, which stands there once. */
function jsonFields(schema, name, wish) {
  if (wish.$ref === 'record.schema.json') return ['The receipt of the run: [run.json](receipt.md).'];
  const heads = ['field', 'type', 'meaning'];
  const rows = [...jsonRows(schema, wish, ''), ...mapRows(schema, wish)];
  if (rows.length === 0) return [];
  const ofStatus = new Set(jsonRows(schema, schema.properties.status, '').map(String));
  const own = rows.filter((row) => !ofStatus.has(String(row)));
  const shared = rows.length - own.length;
  if (name === 'status' || shared < ofStatus.size / 2) return [table(heads, rows)];
  const lacking = [...ofStatus]
    .filter((row) => !rows.map(String).includes(row))
    .map((row) => row.split(',')[0]);
  const without = lacking.length > 0 ? ` without ${list(lacking)}` : '';
  return [
    `The fields of [status](#status)${without}${own.length > 0 ? ', and:' : '.'}`,
    ...(own.length > 0 ? [table(heads, own)] : []),
  ];
}

function jsonRows(schema, node, prefix) {
  return Object.entries(node.properties ?? {}).flatMap(([name, wish]) => {
    const field = `${prefix}${name}`;
    const inner = wish.anyOf?.[0] ?? wish.items ?? wish;
    return [
      [code(field), jsonType(schema, wish), wish.description],
      // Runs stand once, with `history`.
      ...(inner.$ref === '#/definitions/run'
        ? []
        : jsonRows(schema, resolve(schema, inner), `${field}${wish.items ? '[]' : ''}.`)),
    ];
  });
}

/** The fields of the objects in an object whose keys are ids. */
const mapRows = (schema, { additionalProperties }) =>
  additionalProperties?.$ref ? jsonRows(schema, resolve(schema, additionalProperties), 'ID.') : [];

function jsonType(schema, wish) {
  const reference = wish.$ref ?? wish.allOf?.[0].$ref;
  if (reference) return JSON_TYPES[reference.split('/').at(-1)];
  if (wish.anyOf) return wish.anyOf.map((one) => jsonType(schema, one)).join(' or ');
  if (wish.items?.$ref || wish.items?.properties) return 'list of objects';
  return wish.const === undefined ? typeText(wish) : code(JSON.stringify(wish.const));
}

const JSON_TYPES = { deployment: 'object', moment: 'time (ISO 8601, UTC)', time: 'time or null' };

// --- Markdown --------------------------------------------------------------------------------------------------

const page = (title, ...parts) =>
  `${[`# ${title}`, '<!-- Made by docs/generate.js: change what it is made from, then `npm run docs`. -->', ...parts].join('\n\n')}\n`;

/** Prose in lines of at most 100 characters. */
const wrapped = (text) => text.replace(/(?=.{101})(.{1,100}) /g, '$1\n');

const code = (text) => `\`${text}\``;

const fence = (text) => `\`\`\`sh\n${text}\n\`\`\``;

const list = (words) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

const cell = (text = '') => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Padded, as the formatter would have it. */
function table(heads, rows) {
  const cells = [heads, ...rows].map((row) => row.map(cell));
  const widths = heads.map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const [head, ...body] = cells.map(
    (row) => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

function sentence(text = '') {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

// --- to files --------------------------------------------------------------------------------------------------

function readJson(path, mend) {
  if (!existsSync(`${root}${path}`)) {
    console.error(`${path} is missing: ${mend}`);
    process.exit(1);
  }
  return JSON.parse(readFileSync(`${root}${path}`, 'utf8'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pages = referencePages({
    commands: readJson('oclif.manifest.json', 'npm run build').commands,
    parameters: readJson('src/experiment/parameters.schema.json', 'git checkout src'),
    receipt: readJson('src/runs/record.schema.json', 'git checkout src'),
    output: readJson('src/cli/output.schema.json', 'git checkout src'),
  });
  mkdirSync(`${root}docs/reference`, { recursive: true });
  for (const [name, text] of Object.entries(pages)) writeFileSync(`${root}docs/reference/${name}`, text);
}
