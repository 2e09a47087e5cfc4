import { UserError } from '../../errors.js';
import type { Command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import type { AwsApi } from './api.js';
import { cliFails } from './cli-fails.js';
import { callerAccount } from './lines.js';
import { verifyAws } from './program.js';

/** What we read and what the AWS CLI changes would be in two accounts. */
export class SplitIdentity extends UserError {
  constructor(api: string, cli: string) {
    super(
      `The AWS CLI acts in the account ${cli}, and Logistician reads from ${api}: two sets of credentials are in use here. Nothing was changed.`,
      [
        'aws configure list    # shows which credentials the CLI takes',
        'env | grep ^AWS_    # those that are set in this shell',
      ],
    );
  }
}

/** Changes at AWS in one region, by its CLI. Before the first one it is seen to act in the account that we read. */
export class AwsCli {
  #sameAccount: Promise<void> | null = null;

  constructor(
    private readonly executor: Executor,
    readonly api: AwsApi,
  ) {}

  get dryRun(): boolean {
    return this.executor.dryRun;
  }

  get region(): string {
    return this.api.region;
  }

  /** @throws SplitIdentity, BadAwsFile, AwsRefused, UserError before anything is changed; CommandFailed */
  async change(line: Command): Promise<void> {
    this.#sameAccount ??= this.#verify();
    await this.#sameAccount;
    await this.executor.change(line);
  }

  async #verify(): Promise<void> {
    verifyAws(process.env);
    const [outcome, account] = await Promise.all([
      this.executor.query(callerAccount(this.region)),
      this.api.account(),
    ]);
    if (outcome.code !== 0) throw cliFails(outcome);
    const cli = /"Account": "([^"]*)"/.exec(outcome.stdout)?.[1] ?? '';
    if (cli !== account) throw new SplitIdentity(account, cli);
  }
}
