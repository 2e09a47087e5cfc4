import { describe, expect, it } from 'vitest';
import { errorAnswer } from '../../support/cloud/answers.js';
import { type Call, givenTags, namedInstances, neededActions, readCall } from '../../support/cloud/call.js';
import { Fault } from '../../support/cloud/faults.js';
import { Xml } from '../../support/cloud/xml.js';

const signed = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/${service}/aws4_request, SignedHeaders=host`,
});
const query = (text: string): Call => readCall('POST', '/', signed('ec2'), Buffer.from(text));

describe('an XML answer', () => {
  const answer = Xml.parse(
    `<?xml version="1.0"?>
     <R xmlns="http://a/"><set><item><key>a</key><value>1 &lt; &#50; &amp;amp;</value></item>
     <item><key>b</key><value/></item><empty /></set><!-- no --></R>`,
  );

  it('is read by path', () => {
    expect(answer.name).toBe('R');
    expect(answer.all('set/item').map((item) => [item.get('key'), item.get('value')])).toEqual([
      ['a', '1 < 2 &amp;'],
      ['b', ''],
    ]);
    expect(answer.get('set/none/key')).toBe('');
  });
});

describe('a call', () => {
  it.each([
    ['POST', '/', { ...signed('ssm'), 'x-amz-target': 'AmazonSSM.GetParameter' }, '{}', 'ssm:GetParameter'],
    ['POST', '/', signed('sts'), 'Action=GetCallerIdentity&Version=1', 'sts:GetCallerIdentity'],
    ['GET', '/bucket?list-type=2', signed('s3'), '', 's3:ListBucket'],
    ['GET', '/bucket?location', signed('s3'), '', 's3:GetBucketLocation'],
    ['PUT', '/bucket', signed('s3'), '', 's3:CreateBucket'],
    ['HEAD', '/bucket/a/b', signed('s3'), '', 's3:GetObject'],
    ['DELETE', '/bucket/a', signed('s3'), '', 's3:DeleteObject'],
    [
      'GET',
      '/bucket/a?X-Amz-Credential=k%2F20250101%2Feu-west-1%2Fs3%2Faws4_request',
      {},
      '',
      's3:GetObject',
    ],
  ])('%s %s is read as IAM names it', (method, url, headers, body, action) => {
    expect(neededActions(readCall(method, url, headers, Buffer.from(body)))).toEqual([action]);
  });

  it('tells of the instances that it is about', () => {
    expect(namedInstances(query('Action=StopInstances&InstanceId.1=i-1&InstanceId.2=i-2'))).toEqual([
      'i-1',
      'i-2',
    ]);
    const launch = query(
      'Action=RunInstances&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=a' +
        '&TagSpecification.1.Tag.1.Value=no&TagSpecification.2.ResourceType=instance' +
        '&TagSpecification.2.Tag.1.Key=a&TagSpecification.2.Tag.1.Value=1&TagSpecification.2.Tag.2.Key=b',
    );
    expect(givenTags(launch, 'instance')).toEqual({ a: '1', b: '' });
    expect(neededActions(launch)).toEqual(['ec2:RunInstances', 'ec2:CreateTags']);
  });
});

describe('a fault', () => {
  const none = async () => [];
  const launch = query('Action=RunInstances&ImageId=ami-1');

  it('meets what its rule names, so many times', async () => {
    const fault = new Fault({ action: 'RunInstances', after: 1, times: 2 });
    const met: boolean[] = [];
    for (let n = 0; n < 5; n++) met.push(await fault.meets(launch, none));
    expect(met).toEqual([false, true, true, false, false]);
    expect(fault.hits).toBe(2);
    expect(await fault.meets(query('Action=StopInstances'), none)).toBe(false);
  });

  it('asks whose instances a call names', async () => {
    const fault = new Fault({ action: /Instances$/, tags: { condition: 'a' } });
    const stop = query('Action=StopInstances&InstanceId.1=i-1');
    expect(await fault.meets(stop, async () => [{ condition: 'b' }])).toBe(false);
    expect(await fault.meets(stop, async () => [{ condition: 'a', more: '' }])).toBe(true);
    expect(await fault.meets(launch, none)).toBe(false);
    fault.end();
    expect(await fault.meets(stop, async () => [{ condition: 'a' }])).toBe(false);
  });

  it('may look at the call', async () => {
    const fault = new Fault({
      action: 'RunInstances',
      when: ({ parameters }) => parameters.get('ImageId') === 'ami-2',
    });
    expect(await fault.meets(launch, none)).toBe(false);
  });

  it('is answered as its service answers', () => {
    const said = (service: string) => {
      const { status, body } = errorAnswer(service, 'RequestLimitExceeded');
      return `${status} ${body}`;
    };
    expect(said('ec2')).toMatch(
      /^503 .*\n<Response><Errors><Error><Code>RequestLimitExceeded<\/Code><Message>Req/,
    );
    expect(said('sts')).toMatch(/<ErrorResponse><Error><Type>Sender<\/Type><Code>/);
    expect(said('ssm')).toBe('503 {"__type":"RequestLimitExceeded","message":"Request limit exceeded."}');
  });
});
