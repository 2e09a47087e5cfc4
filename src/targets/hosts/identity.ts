import pLimit from 'p-limit';
import { ownLine } from '../../errors.js';
import type { Host } from '../../experiment/settings.js';
import { renderCommand } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { pasteable } from '../../shell/word.js';
import { askHostKey } from '../../tools/ssh/handshake.js';
import { findHostKeys, fingerprint, type HostKey, sameKey } from '../../tools/ssh/known-hosts.js';
import { openByHand, type Route } from '../../tools/ssh/route.js';
import { ChangedHostKey, UnknownHostKey } from '../../tools/ssh/unreachable.js';
import type { SshAccess } from '../over-ssh/access.js';

/** Nobody can answer two questions at once. */
const oneAtATime = pLimit(1);

/** Makes sure that a machine is who it says before anything is sent to it: by the key that the deployment knows, by
 *  the user's own known_hosts, or by asking.
 *  @throws ChangedHostKey, UnknownHostKey, Unreachable */
export async function identify(
  access: SshAccess,
  executor: Executor,
  name: string,
  { address, jump }: Pick<Host, 'address' | 'jump'>,
  route: Route,
  trust: (machine: string, key: HostKey) => Promise<boolean>,
): Promise<void> {
  // The session that reads its facts holds it to this key.
  if (access.hostKeys(name).length > 0) return;
  const known = await findHostKeys(executor, route.knownAs, route.knownHosts);
  const types = [...new Set(known.good.map(({ type }) => type))];
  const shown = await askHostKey(name, route, types);
  if (known.revoked.some((key) => sameKey(key, shown)))
    throw new ChangedHostKey(
      name,
      `shows a host key that is revoked: ${fingerprint(shown)}. Nothing was sent to it`,
    );
  if (known.good.length > 0) {
    if (!known.good.some((key) => sameKey(key, shown)))
      throw new ChangedHostKey(
        name,
        `shows the host key ${fingerprint(shown)}, and known_hosts has another: it was set up anew, or somebody stands in its place. Nothing was sent to it`,
        known.files.map(
          (file) =>
            `${pasteable`ssh-keygen -R ${route.knownAs} -f ${file}`}    # once you know that the new key is right`,
        ),
      );
  } else if (!(await oneAtATime(() => trust(name, shown)))) {
    throw new UnknownHostKey(
      name,
      `is not in known_hosts. It shows the ${shown.type} host key ${fingerprint(shown)}. Nothing was sent to it`,
      [
        `${renderCommand(openByHand(address, jump, route.config))}    # to see its key and accept it`,
        ownLine('deploy', ['--accept-new-host-keys'], 'accepts what is new, never what has changed'),
      ],
    );
  }
  access.pin(name, shown);
}
