import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { providerMirror } from '../terraform.js';

/** The AWS provider running before Terraform asks for it, as its makers have it for their debuggers. Terraform starts and
 *  reads it again for each step otherwise, which is more than half of what an `apply` costs here. */
export class KeptProvider {
  private constructor(
    private readonly guard: ChildProcess,
    /** What Terraform needs in its environment to find it. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param env as Terraform has it: the provider has it from Terraform otherwise
   *  @returns null where the provider lies packed, for Terraform alone to unpack */
  static async start(env: NodeJS.ProcessEnv): Promise<KeptProvider | null> {
    const mirror = providerMirror() ?? '';
    const program = readdirSync(mirror, { recursive: true, encoding: 'utf8' })
      .filter((path) => /hashicorp\/aws\/.*\/terraform-provider-aws[^/]*$/.test(path))
      .sort()
      .at(-1);
    if (!program) return null;
    // It ends with the guard, and that with this process, however this one ends.
    const script = '"$0" -debug & read -r _; kill -KILL $!';
    const guard = spawn('sh', ['-c', script, join(mirror, program)], {
      // Alone, it would say every step of its own, which costs more than the steps.
      env: { ...env, TF_LOG: 'off' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const value = await new Promise<string>((resolve, reject) => {
      let said = '';
      guard.stdout.on('data', (chunk: Buffer) => {
        said += chunk;
        const found = /TF_REATTACH_PROVIDERS='(.*)'/.exec(said)?.[1];
        if (found) resolve(found);
      });
      guard.once('exit', () => reject(new Error(`the provider did not start: ${said}`)));
    });
    return new KeptProvider(guard, { TF_REATTACH_PROVIDERS: value });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.guard.once('exit', resolve));
    this.guard.stdin?.end();
    await ended;
  }
}
