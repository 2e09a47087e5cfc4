// Imports run one way through the house: each floor may use the floors below it, never one above.
// docs/architecture.md draws the same floors.
const floors = [
  ['main\\.ts', 'commands', 'hooks', 'help\\.ts'],
  ['cli'],
  ['operations'],
  ['targets', 'history'],
  ['runs', 'recipe'],
  ['source', 'experiment'],
  ['machines'],
  ['tools'],
  ['shell'],
  ['errors\\.ts', 'phrases\\.ts'],
];

const upward = floors.flatMap((rooms, floor) =>
  rooms.map((room) => ({
    name: `no-import-up-from-${room.replace('\\.ts', '')}`,
    severity: 'error',
    from: { path: `^src/${room}` },
    to: {
      path: floors
        .slice(0, floor)
        .flat()
        .map((above) => `^src/${above}`),
    },
  })),
);

module.exports = {
  forbidden: [
    ...upward.filter((rule) => rule.to.path.length > 0),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'experiment-is-pure',
      comment: 'src/experiment decides from text alone: no files, no processes, no network.',
      severity: 'error',
      from: { path: '^src/experiment' },
      to: { path: '^(node:)?(fs|fs/promises|child_process|net|http|https|os)$' },
    },
    {
      name: 'recipe-is-pure',
      comment: 'src/recipe is values and what follows from them.',
      severity: 'error',
      from: { path: '^src/recipe' },
      to: { path: '^(node:)?(fs|fs/promises|child_process|net|http|https|os)$' },
    },
    {
      name: 'history-is-pure',
      comment: 'src/history makes tables of rows that src/runs has read.',
      severity: 'error',
      from: { path: '^src/history' },
      to: { path: '^(node:)?(fs|fs/promises|child_process|net|http|https|os)$|^src/(targets|source|tools)' },
    },
    {
      name: 'targets-behind-their-contract',
      comment: 'A new target is an addition: what is above knows the contract and the registry alone.',
      severity: 'error',
      from: { path: '^src/(commands|hooks|cli|operations)' },
      to: { path: '^src/targets/(all\\.ts$|[^/]+/)' },
    },
    {
      name: 'targets-apart',
      comment: 'No target is made of another one; what several have in common has a folder of its own.',
      severity: 'error',
      from: { path: '^src/targets/(local|hosts|aws)/' },
      to: { path: '^src/targets/(local|hosts|aws)/', pathNot: '^src/targets/$1/' },
    },
    {
      name: 'one-door',
      comment: 'Only src/shell starts processes.',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/shell' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'cdktf-in-stacks-only',
      comment: 'docs/decisions/0001: replacing CDKTF is a matter of one folder.',
      severity: 'error',
      from: { path: '^src' },
      to: { path: 'node_modules/(cdktf|constructs|@cdktf)/' },
    },
    {
      name: 'no-index-of-the-aws-bindings',
      comment: 'It takes seconds to load: import lib/RESOURCE.',
      severity: 'error',
      from: { path: '^stacks' },
      to: { path: 'node_modules/@cdktf/provider-aws/lib/index\\.' },
    },
    {
      name: 'stacks-for-aws-only',
      comment: 'The target aws is what has a stack.',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/targets/aws/' },
      to: { path: '^stacks' },
    },
    {
      name: 'stacks-loaded-late',
      comment:
        'Types and stack-plan.ts weigh nothing; the rest is loaded with import() when a stack is wanted.',
      severity: 'error',
      from: { path: '^src/targets/aws/' },
      to: {
        path: '^stacks',
        pathNot: '^stacks/stack-plan\\.ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'stacks-stand-alone',
      comment: 'A stack is made from its plan alone.',
      severity: 'error',
      from: { path: '^stacks' },
      to: { path: '^src' },
    },
    {
      name: 'operations-do-not-print',
      comment: 'What a person sees is made in src/cli; operations report through an interface.',
      severity: 'error',
      from: { path: '^src/(operations|targets|history|runs|recipe|source|experiment|machines|tools|shell)' },
      to: { path: 'node_modules/(inquirer|log-update|picocolors|@oclif)' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
