import type { IncomingHttpHeaders } from 'node:http';

/** One call of the API. */
export interface Call {
  /** As IAM names it: `ec2`, `s3`. */
  readonly service: string;
  /** As IAM names it: `RunInstances`, `GetObject`. */
  readonly action: string;
  /** The access key that it was signed with: who asked. */
  readonly key: string;
  /** Of services with a query for a body, such as EC2; empty for others. */
  readonly parameters: URLSearchParams;
  /** Of services with JSON for a body, such as SSM; empty for others. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The code of the error that it was answered with; `cut` if it was not answered, null if all was well. */
  error: string | null;
}

/** What a request is about. */
export function readCall(method: string, url: string, headers: IncomingHttpHeaders, body: Buffer): Call {
  const scope = `${headers.authorization ?? ''} ${decodeURIComponent(url)}`;
  const [, key = '', service = 'unsigned'] =
    /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(scope) ?? [];
  const call = { service, key, parameters: new URLSearchParams(), body: {}, error: null };
  const target = headers['x-amz-target'];
  if (typeof target === 'string')
    return {
      ...call,
      action: target.replace(/^.*\./, ''),
      body: JSON.parse(body.toString()) as Call['body'],
    };
  if (service === 's3') return { ...call, action: s3Action(method, new URL(url, 'http://s3')) };
  const parameters = new URLSearchParams(body.toString());
  return { ...call, parameters, action: parameters.get('Action') ?? `${method} ${url}` };
}

function s3Action(method: string, { pathname, searchParams }: URL): string {
  const subresource = ['location', 'versioning', 'encryption', 'policy', 'acl', 'tagging'].find((name) =>
    searchParams.has(name),
  );
  const verb = { GET: 'Get', HEAD: 'Get', PUT: 'Put', POST: 'Put', DELETE: 'Delete' }[method] ?? method;
  if (/^\/[^/]+\/./.test(pathname)) return `${verb}Object`;
  if (subresource) return `${verb}Bucket${subresource.replace(/^./, (letter) => letter.toUpperCase())}`;
  if (verb === 'Get') return pathname === '/' ? 'ListAllMyBuckets' : 'ListBucket';
  return verb === 'Put' ? 'CreateBucket' : `${verb}Bucket`;
}

/** The tags that a call gives to what it makes of a kind, such as `instance`. */
export function givenTags({ parameters }: Call, kind: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [name, value] of parameters) {
    const [, specification] = /^(TagSpecification\.\d+)\.ResourceType$/.exec(name) ?? [];
    if (!specification || value !== kind) continue;
    for (let n = 1; ; n++) {
      const key = parameters.get(`${specification}.Tag.${n}.Key`);
      if (key === null) break;
      tags[key] = parameters.get(`${specification}.Tag.${n}.Value`) ?? '';
    }
  }
  return tags;
}

/** The ids of the instances that a call names. */
export const namedInstances = ({ parameters }: Call): string[] =>
  [...parameters].filter(([name]) => /^InstanceId(\.\d+)?$/.test(name)).map(([, id]) => id);

/** The actions that IAM must allow for a call. */
export function neededActions(call: Call): string[] {
  const tags = [...call.parameters.keys()].some((name) => name.startsWith('TagSpecification.'));
  const own = `${call.service}:${call.action}`;
  return tags && call.action !== 'CreateTags' ? [own, `${call.service}:CreateTags`] : [own];
}
