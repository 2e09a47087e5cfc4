import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/tools/aws/proxy.js';

const ec2 = 'https://ec2.us-east-1.amazonaws.com';
const https_proxy = 'http://proxy:3128';

describe('D6: the proxy', () => {
  it.each([
    [ec2, {}, null],
    [ec2, { http_proxy: 'http://other' }, null],
    [ec2, { all_proxy: 'socks5://other' }, null],
    [ec2, { HTTPS_PROXY: https_proxy }, 'http://proxy:3128/'],
    [ec2, { https_proxy, HTTPS_PROXY: 'http://other' }, 'http://proxy:3128/'],
    [ec2, { https_proxy: 'proxy:3128' }, 'http://proxy:3128/'],
    [ec2, { https_proxy: 'https://me:word@proxy' }, 'https://me:word@proxy/'],
    ['http://127.0.0.1:5000', { http_proxy: 'proxy' }, 'http://proxy/'],
    [ec2, { https_proxy, NO_PROXY: '*' }, null],
    [ec2, { https_proxy, no_proxy: '127.0.0.1, amazonaws.com' }, null],
    [ec2, { https_proxy, no_proxy: '.us-east-1.amazonaws.com' }, null],
    [ec2, { https_proxy, no_proxy: '*.Amazonaws.com' }, null],
    [ec2, { https_proxy, no_proxy: 'aws.com zonaws.com' }, 'http://proxy:3128/'],
    ['https://localhost:8443', { https_proxy, no_proxy: 'localhost:8443' }, null],
    ['https://localhost:8443', { https_proxy, no_proxy: 'localhost:9443' }, 'http://proxy:3128/'],
  ])('for %s with %j is %s', (url, env, proxy) => {
    expect(proxyFor(new URL(url), env)?.href ?? null).toBe(proxy);
  });

  it.each(['socks5://me:word@proxy:1080', 'http://', 'http://me:word@proxy:70000'])(
    'is refused, and not shown, where it is none: %s',
    (proxy) => {
      const asked = () => proxyFor(new URL(ec2), { https_proxy: proxy });
      expect(asked).toThrow(/The proxy in the variable https_proxy is no address/);
      expect(asked).not.toThrow(/word/);
    },
  );
});
