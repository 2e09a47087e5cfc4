import { UserError } from '../../errors.js';
import type { Command } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import type { AwsApi } from './api.js';
import { callerAccount } from './lines.js';

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

  /** @throws SplitIdentity before anything is changed; CommandFailed, AwsRefused */
  async change(line: Command): Promise<void> {
    this.#sameAccount ??= this.#verify();
    await this.#sameAccount;
    await this.executor.change(line);
  }

  async #verify(): Promise<void> {
    const [{ code, stdout }, account] = await Promise.all([
      this.executor.query(callerAccount(this.region)),
      this.api.account(),
    ]);
    const cli = stdout.trim();
    // Without an answer the change itself says why.
    if (code === 0 && cli !== account) throw new SplitIdentity(account, cli);
  }
}
