import { escaped } from './xml.js';

/** What the API sends back. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** An error that the API answers. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** What AWS says with the errors that tests ask for by code alone. */
const messages: Readonly<Record<string, string>> = {
  InsufficientInstanceCapacity:
    'We currently do not have sufficient capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.',
  VcpuLimitExceeded:
    'You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
  MaxSpotInstanceCountExceeded: 'Max spot instance count exceeded',
  SpotMaxPriceTooLow:
    'Your Spot request price of 0.001 is lower than the minimum required Spot request fulfillment price of 0.1578.',
  RequestLimitExceeded: 'Request limit exceeded.',
  UnauthorizedOperation: 'You are not authorized to perform this operation.',
  AuthFailure: 'AWS was not able to validate the provided access credentials',
  InvalidClientTokenId: 'The security token included in the request is invalid.',
  ExpiredToken: 'The security token included in the request is expired',
  RequestExpired: 'Request has expired.',
  InternalError: 'An internal error has occurred',
};

/** All others have 400. */
const statuses: Readonly<Record<string, number>> = {
  InsufficientInstanceCapacity: 500,
  InternalError: 500,
  RequestLimitExceeded: 503,
  AuthFailure: 401,
  UnauthorizedOperation: 403,
  DryRunOperation: 412,
  AccessDenied: 403,
  InvalidClientTokenId: 403,
};

/** An error in the words of a service: each protocol has its own. */
export function errorAnswer(service: string, code: string, message = messages[code] ?? code): Answer {
  const status = statuses[code] ?? 400;
  const xml = `<Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`;
  const id = '<RequestId>00000000-0000-0000-0000-000000000000</RequestId>';
  const text: Readonly<Record<string, string>> = {
    ec2: `<Response><Errors><Error>${xml}</Error></Errors><RequestID>0</RequestID></Response>`,
    s3: `<Error>${xml}${id}</Error>`,
    sts: `<ErrorResponse><Error><Type>Sender</Type>${xml}</Error>${id}</ErrorResponse>`,
    iam: `<ErrorResponse><Error><Type>Sender</Type>${xml}</Error>${id}</ErrorResponse>`,
  };
  const body = text[service];
  return body === undefined
    ? answer(status, 'application/x-amz-json-1.1', JSON.stringify({ __type: code, message }))
    : answer(status, 'text/xml;charset=UTF-8', `<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
}

/** Who asks, where it is a user of another account than moto's. */
export function identityAnswer(account: string, user: string): Answer {
  const who = `<Arn>arn:aws:iam::${account}:user/${user}</Arn><UserId>${user}</UserId><Account>${account}</Account>`;
  const text = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>${who}</GetCallerIdentityResult></GetCallerIdentityResponse>`;
  return answer(200, 'text/xml;charset=UTF-8', text);
}

/** The answer with another text. */
export function withText({ status, headers, body }: Answer, change?: (text: string) => string): Answer {
  if (!change) return { status, headers, body };
  const changed = Buffer.from(change(body.toString()));
  return { status, headers: { ...headers, 'content-length': String(changed.length) }, body: changed };
}

/** EC2's answer to a question for a list, without an element. */
export const emptyAnswer = (action: string): Answer =>
  answer(
    200,
    'text/xml;charset=UTF-8',
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>0</requestId></${action}Response>`,
  );

/** A quota of EC2's. */
export const quotaAnswer = (QuotaCode: string, Value: number): Answer =>
  answer(
    200,
    'application/x-amz-json-1.1',
    JSON.stringify({ Quota: { ServiceCode: 'ec2', QuotaCode, Value } }),
  );

/** A larger quota that is asked for, which the test cloud grants at once. */
export const increaseAnswer = (asked: Readonly<Record<string, unknown>>): Answer =>
  answer(
    200,
    'application/x-amz-json-1.1',
    JSON.stringify({ RequestedQuota: { Id: '1', Status: 'APPROVED', ...asked } }),
  );

const answer = (status: number, type: string, text: string): Answer => ({
  status,
  headers: { 'content-type': type },
  body: Buffer.from(text),
});
