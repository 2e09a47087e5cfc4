import pLimit from 'p-limit';
import { typedAgain } from '../../errors.js';
import type { Host } from '../../experiment/settings.js';
import { renderCommand } from '../../shell/command.js';
import type { Executor } from '../../shell/executor.js';
import { pasteable } from '../../shell/word.js';
import { askHostKeyBySsh, isKnownToSsh } from '../../tools/ssh/greeting.js';
import { askHostKey } from '../../tools/ssh/handshake.js';
import { findHostKeys, fingerprint, type HostKey, sameKey } from '../../tools/ssh/known-hosts.js';
import { byHand, type Route } from '../../tools/ssh/route.js';
import { ChangedHostKey, NoSession, UnknownHostKey } from '../../tools/ssh/unreachable.js';
import type { SshAccess } from '../over-ssh/access.js';

/** Questions to the user come one at a time. */
const oneAtATime = pLimit(1);

/** Verifies the host key of a machine before anything is sent to it: by the deployment's own record, by the user's
 * known_hosts, or by asking the user. @throws ChangedHostKey, UnknownHostKey, Unreachable */
export async function identify(
  access: SshAccess,
  executor: Executor,
  name: string,
  { address, jump }: Pick<Host, 'address' | 'jump'>,
  route: Route,
  trust: (machine: string, key: HostKey) => Promise<boolean>,
): Promise<void> {
  // The session that reads its facts accepts only this key.
  if (access.hostKeys(name).length > 0) return;
  const known = await findHostKeys(executor, route.knownAs, route.knownHosts);
  const types = [...new Set(known.good.map(({ type }) => type))];
  const to = [address, jump, route.config] as const;
  const bySsh = () => askHostKeyBySsh(executor, name, route, types, ...to);
  const shown = await (route.needsSsh ? bySsh() : askHostKey(name, route, types).catch(orElse(bySsh)));
  if (known.revoked.some((key) => sameKey(key, shown)))
    throw new ChangedHostKey(
      name,
      `shows a host key that is revoked: ${fingerprint(shown)}. Nothing was sent to it`,
    );
  if (known.good.length > 0) {
    if (!known.good.some((key) => sameKey(key, shown)))
      throw new ChangedHostKey(
        name,
        `shows the host key ${fingerprint(shown)}, and known_hosts has another: it was reinstalled, or another machine poses as it. Nothing was sent to it`,
        known.files.map(
          (file) =>
            `${pasteable`ssh-keygen -R ${route.knownAs} -f ${file}`}    # once you know that the new key is right`,
        ),
      );
  } else if (
    !((known.isCertified || route.asksForKeys) && (await isKnownToSsh(executor, route, shown, ...to))) &&
    !(await oneAtATime(() => trust(name, shown)))
  ) {
    throw new UnknownHostKey(
      name,
      `is not in known_hosts. It shows the ${shown.type} host key ${fingerprint(shown)}. Nothing was sent to it`,
      [
        `${renderCommand(byHand(...to))}    # to see its key and accept it`,
        typedAgain('deploy', ['--accept-new-host-keys'], 'accepts new keys, never changed ones'),
      ],
    );
  }
  access.pin(name, shown);
}

/** Falls back to OpenSSH for what the library cannot do. */
const orElse =
  <T>(bySsh: () => Promise<T>) =>
  (error: unknown): Promise<T> => {
    if (error instanceof NoSession) return bySsh();
    throw error;
  };
