import { createSocket } from 'node:dgram';
import { ask } from './ask.js';
import { AwsRefused } from './refusals.js';

/** AWS's service that returns the caller's address. */
const asked = 'https://checkip.amazonaws.com';

const sayIt = [
  '"aws_ssh_cidr": "203.0.113.7/32"    # in parameters.json: the address of your SSH connections',
];

/** This computer's public address, as a range of one. @throws AwsRefused */
export async function publicCidr(): Promise<string> {
  try {
    const address = (await ask('GET', asked, process.env)).text.trim();
    if (isIpv4(address)) return `${address}/32`;
    throw new Error(`it returned ${address.slice(0, 40)}`);
  } catch (error) {
    throw new AwsRefused(
      `Could not find out your public IP address (${asked}: ${(error as Error).message}).`,
      'NoAddress',
      sayIt,
    );
  }
}

/** This computer's address towards a network, as a range of one. Sends nothing.
 * @param range of the network, IPv4 in CIDR notation. @throws AwsRefused */
export async function cidrTowards(range: string): Promise<string> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      // For UDP this only looks up a route, and sends no packet. Port 9 is "discard".
      socket.connect(9, range.split('/')[0] ?? '', resolve);
    });
    return `${socket.address().address}/32`;
  } catch (error) {
    throw new AwsRefused(
      `There is no route from this computer to the network ${range}: ${(error as Error).message}.`,
      'NoAddress',
      sayIt,
    );
  } finally {
    socket.close();
  }
}

const isIpv4 = (text: string): boolean => /^(\d{1,3}\.){3}\d{1,3}$/.test(text);
