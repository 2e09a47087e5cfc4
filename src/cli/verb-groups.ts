/** The verbs by what they are for, in the order in which a person needs them. */
export const verbGroups: Readonly<Record<string, readonly string[]>> = {
  BEGIN: ['doctor', 'setup', 'create', 'validate', 'conditions', 'completion'],
  RUN: ['run', 'build', 'shell', 'deploy', 'stop', 'terminate'],
  FOLLOW: ['status', 'logs', 'sync', 'ssh', 'list'],
  'RUNS AS DATA': ['history', 'best', 'compare', 'describe', 'measures', 'output', 'last', 'note', 'tag'],
  'REPEAT, SHARE, CLEAN': ['rerun', 'reproduce', 'export', 'import', 'clean'],
};
