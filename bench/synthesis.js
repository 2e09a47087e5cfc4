// Synthesizes a stack of so many conditions and prints what that took, as JSON: seconds, MiB, bytes of text.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const count = Number(process.argv[2]);
const template = readFileSync(new URL('../templates/machine/cloud-init.yaml', import.meta.url), 'utf8');
const plan = {
  experiment: 'bench',
  deployment: '20261120113359-a1b2c3',
  region: 'eu-central-1',
  sshCidr: '203.0.113.7/32',
  publicKey: 'ssh-ed25519 AAAA bench@here',
  subnet: null,
  publicAddress: true,
  state: null,
  tags: { team: 'bench', 'cost center': '42' },
  machines: Array.from({ length: count }, (_, place) => ({
    condition: `lr-0-1-seed-${place}-${place.toString(16).padStart(10, '0')}`,
    instanceType: 'g4dn.xlarge',
    ami: 'ami-0123456789abcdef0',
    userData: template.replace('{{host_key}}', `${place}`.padEnd(400, 'x')),
    rootVolume: 20,
    amiVolume: 65,
    spot: place % 2 === 0 ? null : { maxPrice: '0.10' },
  })),
};
const begin = performance.now();
const { synthesize } = await import('../dist/stacks/synthesize.js');
const bytes = synthesize(plan).length;
const seconds = (performance.now() - begin) / 1000;
const memory = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ seconds, memory, bytes }));
