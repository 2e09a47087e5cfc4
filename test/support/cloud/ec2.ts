import { request } from 'node:http';
import { Xml } from './xml.js';

export type Parameters = Readonly<Record<string, string>>;

/** What the EC2 API says of one instance, as far as the test cloud wants to know. */
export interface Instance {
  readonly id: string;
  readonly state: string;
  readonly address: string;
  readonly subnet: string;
  readonly keyName: string;
  /** One-time, as all spot instances of the test cloud are. */
  readonly isSpot: boolean;
  readonly type: string;
  readonly image: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** An error of AWS's by its code. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

/** The EC2 API as the cloud itself, or a user at its console, uses it: no fault rule meets such a call, and it is
 *  on no record. */
export class Ec2 {
  constructor(
    private readonly port: number,
    private readonly region: string,
  ) {}

  /** @throws AwsError */
  async call(action: string, parameters: Parameters = {}): Promise<Xml> {
    const body = new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters }).toString();
    const scope = `Credential=cloud/20250101/${this.region}/ec2/aws4_request`;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`,
    };
    const { status, text } = await post(this.port, headers, body);
    const answer = Xml.parse(text);
    if (status >= 300)
      throw new AwsError(answer.get('Errors/Error/Code'), answer.get('Errors/Error/Message') || text);
    return answer;
  }

  /** All elements of a list that may come on several pages. */
  async list(action: string, path: string, parameters: Parameters = {}): Promise<Xml[]> {
    const found: Xml[] = [];
    for (let token = ''; ; ) {
      const answer = await this.call(action, { ...parameters, ...(token && { NextToken: token }) });
      found.push(...answer.all(path));
      token = answer.get('nextToken');
      if (!token) return found;
    }
  }

  /** @param parameters such as an `InstanceId.1`; all instances if left out, ended ones too */
  async instances(parameters: Parameters = {}): Promise<Instance[]> {
    const items = await this.list('DescribeInstances', 'reservationSet/item/instancesSet/item', parameters);
    return items.map((item) => ({
      id: item.get('instanceId'),
      state: item.get('instanceState/name'),
      address: item.get('privateIpAddress'),
      subnet: item.get('subnetId'),
      keyName: item.get('keyName'),
      isSpot: item.get('instanceLifecycle') === 'spot',
      type: item.get('instanceType'),
      image: item.get('imageId'),
      tags: Object.fromEntries(item.all('tagSet/item').map((tag) => [tag.get('key'), tag.get('value')])),
    }));
  }

  /** Those that have not ended. */
  live(): Promise<Instance[]> {
    const states = ['pending', 'running', 'stopping', 'stopped'];
    const values = states.map((state, n) => [`Filter.1.Value.${n + 1}`, state]);
    return this.instances({ 'Filter.1.Name': 'instance-state-name', ...Object.fromEntries(values) });
  }

  /** An attribute of an instance, such as `userData`. */
  async attribute(instance: string, name: string): Promise<string> {
    const answer = await this.call('DescribeInstanceAttribute', { InstanceId: instance, Attribute: name });
    return answer.get(`${name}/value`);
  }
}

function post(port: number, headers: Record<string, string | number>, body: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
