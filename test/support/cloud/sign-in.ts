import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const startUrl = 'https://example.awsapps.com/start';

/** IAM Identity Center, as AWS's SDK asks it: who has the token of a sign-in gets the keys of a role. */
export class SignIn {
  /** The settings of a profile that signs in. */
  readonly settings =
    `sso_start_url = ${startUrl}\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = research\n`;
  /** The file in ~/.aws/sso/cache for the token. */
  readonly cache = `${createHash('sha1').update(startUrl).digest('hex')}.json`;
  /** The id of the keys that it gives. */
  gives = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<SignIn> {
    const server = createServer((asked, answered) => {
      const isSignedIn = asked.headers['x-amz-sso_bearer_token'] === 'of-a-sign-in';
      answered.writeHead(isSignedIn ? 200 : 401, { 'content-type': 'application/json' });
      const expiration = Date.now() + 3_600_000;
      const keys = { accessKeyId: one.gives, secretAccessKey: 'x', sessionToken: 'x', expiration };
      answered.end(JSON.stringify(isSignedIn ? { roleCredentials: keys } : { message: 'Session expired' }));
    });
    const one = new SignIn(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return one;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A line of `sh` that leaves what `aws sso login` leaves once the person has signed in. */
  login(path: string): string {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    return `echo '${JSON.stringify({ startUrl, region: 'us-east-1', accessToken: 'of-a-sign-in', expiresAt })}' >${path}`;
  }

  stop(): void {
    this.server.close();
  }
}
