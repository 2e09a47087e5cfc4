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

const atAws = 'test/cloud-api/remedies.test.ts';

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
} as const satisfies Readonly<Record<string, string>>;

export type ExecutedElsewhere = keyof typeof executedElsewhere;

const aws = 'needs AWS';
const otherMachine = 'needs a machine in that state: test/hosts plays it';
const packages = 'installs packages';
const passing = 'proposes to do the same again, or to look';

/** The others, each with why. */
export const elsewhere: Readonly<Record<string, string>> = {
  OtherAccount: aws,
  SplitIdentity: aws,
  StateLost: aws,
  StillChanging: aws,
  'targets/aws/aws.ts': aws,
  'targets/aws/cleanup/end.ts': aws,
  'targets/aws/life/boot.ts': aws,
  'targets/aws/life/machines.ts': aws,
  'targets/aws/life/start.ts': aws,
  'targets/aws/rental.ts': aws,
  'targets/aws/stack/plan.ts': aws,
  NoGitLfs: packages,
  MissingLargeFiles: 'needs a server of git LFS',
  MissingSubmoduleCommit: 'needs the remote of a submodule: test/e2e/submodules-and-lfs.test.ts has one',
  BuildFailed: 'test/e2e/registry.test.ts executes those of a registry; else the Dockerfile is the remedy',
  NotReady: packages,
  BrokenGpus: 'needs GPUs whose driver fails: see test/unit/machines',
  HungUp: otherMachine,
  NoSession: otherMachine,
  NotThereYet: otherMachine,
  Unreachable: otherMachine,
  OtherComputer: 'needs another computer with the same home',
  StateOutOfReach: 'needs a file that cannot be read on a machine: test/hosts/results.test.ts plays it',
  StateGone: 'needs a launch that was cut off, as InputChanged does',
  InputChanged: 'needs a launch that was cut off: test/e2e/recorded-facts.test.ts plays it',
  LiveOfVersion1: 'needs version 0.1',
  NotEnded: passing,
  UnknownRun: passing,
  NoRuns: passing,
  OneRun: 'needs two runs: see test/e2e/history.test.ts',
  NoSeries: 'needs a run with a series: see test/e2e/history.test.ts',
  NoOutputOfRun: passing,
  FolderExists: 'needs a run: test/e2e/history.test.ts takes its remedies',
  'operations/end/give-back.ts': aws,
  ClosedDeployment: 'root, who runs tests, may open every file: see test/unit/runs/deployment-store.test.ts',
  NotPermitted: 'root may do everything; test/e2e/bad-days.test.ts has the state',
  'runs/ignored-folder.ts': 'root may do everything; test/e2e/bad-days.test.ts has the state',
  'operations/read-experiment.ts':
    'root may open every file, and a file in the place of a folder is only looked at',
  NotARunFolder: passing,
  'commands/export.ts': passing,
  'cli/clean-machines-view.ts':
    'those of Unreachable and host keys, for another verb: test/unit/cli/clean-machines.test.ts',
  'operations/reproduce/check.ts': 'root may write everywhere',
  InvalidParameters: 'each problem says how it is mended, and proposes no line',
  InvalidSettings: 'a warning beside a result: see test/unit/operations/user-settings.test.ts',
  UnreadableReceipt: 'a warning beside a result: see test/unit/runs/read-record.test.ts',
  'runs/parameters-files.ts': 'a job has put a link there: see test/unit/runs/moves-and-links.test.ts',
  FilteredFiles: 'needs a filter of the user: see test/integration/git-settings.test.ts',
  MissingObjects: 'needs a partial clone and its remote: see test/integration/pinning.test.ts',
  'cli/surroundings.ts': 'nothing but what the shell itself does: see test/e2e/surroundings.test.ts',
  RefusedDockerArgs: 'Docker says which of the words it does not take: see test/e2e/bad-input.test.ts',
  'commands/create.ts': passing,
  NoSuchCode: passing,
  'cli/deploy-view.ts': 'a message that is short enough is for a person to find',
  LockHeld: 'after a minute: see test/unit/runs/lock.test.ts',
  CommandFailed: 'the disk is full: test/e2e/full-engine.test.ts',
  DiskFull: 'the disk is full: test/e2e/bad-days.test.ts and full-engine.test.ts',
};
