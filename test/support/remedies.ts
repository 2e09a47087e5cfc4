// Every remedy that an error proposes is in one of these lists, by the error's class or, where it has none of its own, by
// the file that makes it. test/unit/remedies.test.ts holds src/ to them.

/** Those that test/e2e/remedies.test.ts executes in the state in which they are proposed. */
export const executed = [
  'AlreadyThere',
  'AmbiguousExperiment',
  'BadName',
  'CommandMissing',
  'DamagedDeployment',
  'DirtyTree',
  'DockerUnavailable',
  'FilesElsewhere',
  'FolderMissing',
  'GitUnavailable',
  'LargeUntrackedFiles',
  'LiveAtAnotherCommit',
  'NameTaken',
  'NeedsYes',
  'NoBase',
  'NoCommits',
  'NoConditions',
  'NoExperiment',
  'NoExperiments',
  'NoOutput',
  'NoRepository',
  'NoSuchFolder',
  'NotInCommit',
  'NotTheRunsFolder',
  'NotUtf8',
  'NothingRented',
  'NothingToRetry',
  'TargetNotSupported',
  'UnbalancedQuote',
  'UnfitInput',
  'UnknownCommit',
  'UnknownCondition',
  'UntrustedFilter',
  'WrongUsage',
  'cli/machine-flags.ts',
  'commands/logs.ts',
  'commands/run.ts',
  'commands/ssh.ts',
  'commands/sync.ts',
  'hooks/command-not-found.ts',
  'operations/deploy/preview.ts',
  'operations/deploy/secrets.ts',
  'operations/inspect/open-machine.ts',
  'operations/start/run.ts',
  'targets/local/local.ts',
] as const;

/** Those that test/hosts/remedies.test.ts executes. */
export const executedOnMachines = [
  'ChangedHostKey',
  'KeysRefused',
  'NoHosts',
  'NoMachine',
  'NotAllCollected',
  'Unreadable',
  'UnknownHostKey',
  'targets/over-ssh/access.ts',
] as const;

/** Those that test/e2e/again.test.ts executes. */
export const executedOnRuns = [
  'CannotExport',
  'CannotReproduce',
  'CannotRerun',
  'DamagedNotes',
  'NoRunNamed',
  'NothingChosen',
  'NothingNamed',
  'WrongSetting',
  'commands/deploy.ts',
  'operations/rerun/arguments-file.ts',
] as const;

const ofSource = 'test/e2e/remedies-source.test.ts';
const ofFiles = 'test/e2e/remedies-files.test.ts';
const ofRuns = 'test/e2e/remedies-runs.test.ts';
const ofJobs = 'test/e2e/remedies-jobs.test.ts';
const atAws = 'test/cloud-api/remedies.test.ts';
const machinesAtAws = 'test/cloud/remedies.slow.test.ts';
const liveAtAws = 'test/cloud-api/remedies-live.slow.test.ts';

/** Those that other files execute: there, `proposed()` or a case names them. */
export const executedElsewhere = {
  AwsRefused: atAws,
  BadAwsFile: atAws,
  NotAtAws: atAws,
  TerraformFailed: atAws,
  'targets/aws/offer/kind.ts': atAws,
  'targets/aws/stack/shared-settings.ts': atAws,
  'tools/aws/identity.ts': atAws,
  'tools/aws/program.ts': atAws,
  NothingWaits: atAws,
  OtherAccount: liveAtAws,
  SplitIdentity: liveAtAws,
  StateLost: machinesAtAws,
  StillChanging: liveAtAws,
  'targets/aws/aws.ts': liveAtAws,
  'targets/aws/cleanup/end.ts': liveAtAws,
  'targets/aws/life/boot.ts': liveAtAws,
  'targets/aws/life/machines.ts': machinesAtAws,
  'targets/aws/life/start.ts': liveAtAws,
  'targets/aws/rental.ts': liveAtAws,
  'targets/aws/stack/plan.ts': machinesAtAws,
  'operations/end/give-back.ts': liveAtAws,
  NotThereYet: liveAtAws,
  MissingLargeFiles: ofSource,
  MissingSubmoduleCommit: ofSource,
  FilteredFiles: ofSource,
  BuildFailed: ofSource,
  PipeForGit: ofSource,
  UnfitFile: ofSource,
  NoSuchCode: ofSource,
  InputChanged: ofSource,
  StateGone: ofSource,
  AnothersDeployment: ofSource,
  OtherComputer: ofSource,
  ClosedDeployment: ofFiles,
  NotPermitted: ofFiles,
  'runs/ignored-folder.ts': ofFiles,
  'operations/read-experiment.ts': ofFiles,
  'operations/reproduce/check.ts': ofFiles,
  'runs/parameters-files.ts': ofFiles,
  UnreadableReceipt: ofFiles,
  InvalidSettings: ofFiles,
  RefusedDockerArgs: ofFiles,
  LockHeld: ofFiles,
  'cli/surroundings.ts': ofFiles,
  NotEnded: ofJobs,
  NotARunFolder: ofJobs,
  NoRuns: ofRuns,
  UnknownRun: ofRuns,
  OneRun: ofRuns,
  NoSeries: ofRuns,
  NoOutputOfRun: ofRuns,
  FolderExists: ofRuns,
  NotOneFile: ofRuns,
  ArchiveOnTerminal: ofRuns,
  'commands/export.ts': ofRuns,
  'commands/create.ts': ofRuns,
  'cli/deploy-view.ts': ofRuns,
  LiveOfVersion1: ofRuns,
  DiskFull: 'test/e2e/full-engine.test.ts',
  CommandFailed: 'test/e2e/full-engine.test.ts',
  BrokenGpus: 'test/e2e/remedies-gpus.test.ts',
  NotReady: 'test/hosts/unfit.test.ts',
  StateOutOfReach: 'test/hosts/results.test.ts',
  NoGitLfs: 'test/e2e/remedies-packages.slow.test.ts',
  MissingObjects: 'test/integration/pinning.test.ts',
} as const satisfies Readonly<Record<string, string>>;

export type ExecutedElsewhere = keyof typeof executedElsewhere;

/** The others, each with why. */
export const elsewhere: Readonly<Record<string, string>> = {
  Unreachable: 'its lines are about machines at AWS, and executed where the files that make them are listed',
  InvalidParameters: 'each problem says how it is mended, and proposes no line',
};
