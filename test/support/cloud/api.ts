import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Answer,
  emptyAnswer,
  errorAnswer,
  identityAnswer,
  increaseAnswer,
  quotaAnswer,
  withText,
} from './answers.js';
import { type Call, readCall } from './call.js';
import { Ec2 } from './ec2.js';
import { Fault, type FaultRule } from './faults.js';
import { ourPolicy, type Policy, questionsOf } from './iam.js';
import { Moto } from './moto.js';
import { refuse } from './refusals.js';

/** The API of the test cloud as its users see it: moto, and before it what is AWS's and not moto's. */
export class Api {
  /** Every call that came, in the order of their coming. */
  readonly calls: Call[] = [];
  /** Calls that were only to be checked. No fault meets them. */
  readonly dryRuns: Call[] = [];
  /** Values of EC2's quotas by their code; of others 1,000 vCPUs. */
  readonly quotas = new Map<string, number>();
  /** Hears of every call that was done. */
  onDone: (call: Call) => void = () => {};
  /** How many instances may be there at a time; as many as one likes if null. */
  limit: number | null = null;
  /** What its users may do at EC2, SSM, STS and Service Quotas. */
  policy: Policy = ourPolicy();
  /** The AWS account of a user, by access key; all others have moto's. */
  readonly accounts = new Map<string, string>();
  readonly #faults: Fault[] = [];
  readonly #launches = new Map<string, { readonly asked: string; readonly answer: Promise<Answer> }>();
  #lastLaunch: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    private readonly moto: Moto,
    /** Past the rules and the record. */
    readonly ec2: Ec2,
    private readonly region: string,
  ) {}

  static async start(region: string): Promise<Api> {
    const moto = await Moto.start();
    const server = createServer((asked, answered) => {
      api.#serve(asked, answered).catch((error: Error) => answered.destroy(error));
    });
    // A client may hold its connection for long between two calls.
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const api = new Api(server, port, moto, new Ec2(moto.port, region), region);
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** It is gone; requests that have come are done, and their answers are lost. */
  goDown(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  async comeBack(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  /** Lets calls fail from now on. */
  fault(rule: FaultRule): Fault {
    const fault = new Fault(rule);
    this.#faults.push(fault);
    return fault;
  }

  endFaults(): void {
    for (const fault of this.#faults.splice(0)) fault.end();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.moto.stop();
  }

  async #serve(asked: IncomingMessage, answered: ServerResponse): Promise<void> {
    const body = await collect(asked);
    const call = readCall(asked.method ?? 'GET', asked.url ?? '/', asked.headers, body);
    if (call.parameters.get('DryRun') === 'true') return this.#dryRun(call, answered);
    this.calls.push(call);
    const fault = await this.#faultOf(call);
    const { code, message, cut, meanwhile, forgets, instead } = fault?.rule ?? {};
    meanwhile?.(call);
    if (cut === 'before') return this.#cut(call, answered);
    const answer = code
      ? errorAnswer(call.service, code, message)
      : forgets
        ? emptyAnswer(call.action)
        : withText(await this.#answer(call, asked, body), instead);
    call.error = answer.status < 300 ? null : errorCode(answer);
    if (call.error === null) this.onDone(call);
    if (cut === 'after') return this.#cut(call, answered);
    answered.writeHead(answer.status, answer.headers);
    answered.end(answer.body);
  }

  async #dryRun(call: Call, answered: ServerResponse): Promise<void> {
    this.dryRuns.push(call);
    const denial = await this.#denial(call);
    const refusal =
      denial === null
        ? ((await refuse(call, this.ec2)) ?? {
            code: 'DryRunOperation',
            message: 'Request would have succeeded, but DryRun flag is set.',
          })
        : { code: 'UnauthorizedOperation', message: denial };
    call.error = refusal.code;
    const { status, headers, body } = errorAnswer(call.service, refusal.code, refusal.message);
    answered.writeHead(status, headers);
    answered.end(body);
  }

  #cut(call: Call, answered: ServerResponse): void {
    call.error = 'cut';
    answered.destroy();
  }

  async #faultOf(call: Call): Promise<Fault | null> {
    for (const fault of this.#faults) {
      if (await fault.meets(call, (ids) => this.#tagsOf(ids))) return fault;
    }
    return null;
  }

  async #tagsOf(ids: string[]) {
    const named = Object.fromEntries(ids.map((id, n) => [`InstanceId.${n + 1}`, id]));
    return (await this.ec2.instances(named).catch(() => [])).map(({ tags }) => tags);
  }

  async #answer(call: Call, asked: IncomingMessage, body: Buffer): Promise<Answer> {
    const denial = await this.#denial(call);
    if (denial !== null) return errorAnswer(call.service, 'UnauthorizedOperation', denial);
    const account = this.accounts.get(call.key);
    if (call.action === 'GetCallerIdentity' && account !== undefined)
      return identityAnswer(account, call.key);
    if (call.action === 'RequestServiceQuotaIncrease') {
      this.quotas.set(String(call.body.QuotaCode), Number(call.body.DesiredValue));
      return increaseAnswer(call.body);
    }
    if (call.service === 'servicequotas')
      return quotaAnswer(String(call.body.QuotaCode), this.quotas.get(String(call.body.QuotaCode)) ?? 1000);
    const perform = async () => {
      const refusal = await refuse(call, this.ec2);
      if (refusal) return errorAnswer(call.service, refusal.code, refusal.message);
      return forward(this.moto.port, asked, body);
    };
    return call.action === 'RunInstances' ? this.#launch(call, perform) : perform();
  }

  /** Why the user may not; null: may. */
  async #denial(call: Call): Promise<string | null> {
    // The cloud itself may do everything, also by this way.
    if (call.key === 'cloud' || !['ec2', 'ssm', 'sts', 'servicequotas'].includes(call.service)) return null;
    for (const question of await questionsOf(call, this.ec2, this.region))
      if (!this.policy.allows(question))
        return `You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/${call.key} is not authorized to perform: ${question.action} on resource: ${question.resource} because no identity-based policy allows the ${question.action} action`;
    return null;
  }

  /** A launch that is repeated with the same client token gets the instance that the first one made: so a client whose
   *  connection broke may ask again. Launches are one after another, so that none passes the limit beside another. */
  async #launch({ parameters, service }: Call, perform: () => Promise<Answer>): Promise<Answer> {
    const token = parameters.get('ClientToken');
    const asked = [...parameters].sort().join('\n');
    const earlier = token === null ? undefined : this.#launches.get(token);
    if (earlier) {
      const message =
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).';
      return earlier.asked === asked
        ? earlier.answer
        : errorAnswer(service, 'IdempotentParameterMismatch', message);
    }
    const answer = this.#lastLaunch.then(async () =>
      (await this.#isFull()) ? errorAnswer(service, 'VcpuLimitExceeded') : perform(),
    );
    this.#lastLaunch = answer.catch(() => {});
    if (token === null) return answer;
    this.#launches.set(token, { asked, answer });
    const isDone = await answer.then(
      ({ status }) => status < 300,
      () => false,
    );
    if (!isDone) this.#launches.delete(token);
    return answer;
  }

  async #isFull(): Promise<boolean> {
    return this.limit !== null && (await this.ec2.live()).length >= this.limit;
  }
}

function forward(port: number, asked: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method: asked.method,
      path: asked.url,
      headers: asked.headers,
    };
    const forwarded = request(options, (answer) => {
      collect(answer).then(
        (body) => resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body }),
        reject,
      );
    });
    forwarded.on('error', reject);
    forwarded.end(body);
  });
}

async function collect(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const errorCode = ({ status, body }: Answer): string =>
  /<Code>([^<]*)|"__type": ?"([^"]*)/.exec(body.toString())?.slice(1).find(Boolean) ?? `HTTP ${status}`;
