import { linesForRoom, ownLine, UserError } from '../errors.js';
import { lastLines } from '../shell/executor.js';
import { pasteable } from '../shell/word.js';

export interface BuildPlan {
  readonly dockerfile: string;
  /** Names of base images that the engine does not have. */
  readonly absent: readonly string[];
}

/** `docker build` has failed: the end of what it said, and what mends that. */
export class BuildFailed extends UserError {
  constructor(
    { dockerfile, absent }: BuildPlan,
    code: number,
    said: string,
    /** The lines that install BuildKit, if the Dockerfile needs it. */
    install: readonly string[],
    /** A sentence about files that the context lacks, or ''. */
    lacks: string,
  ) {
    const isUnreached = unreached.test(said);
    const isFull = /no space left on device/i.test(said);
    const why = isUnreached ? 'Docker Engine did not reach the registry of an image.' : '';
    super(
      [
        `The image could not be built: docker build ended with exit code ${code}:`,
        lastLines(withoutNotice(said).trim()),
        ...[lacks, why].filter(Boolean),
      ].join('\n'),
      [
        ...install,
        ...(isFull ? linesForRoom : []),
        ...(isUnreached ? absent.map((name) => pasteable`docker pull ${name}`) : []),
        ownLine(
          'build',
          [],
          isUnreached || isFull ? 'again, then' : `again, after a change of ${dockerfile}`,
        ),
      ],
    );
  }
}

/** What Docker says, the old builder and BuildKit, when there is no way to a registry: the network, a name, a proxy or a
 * certificate. A registry that answers and refuses, says so in other words. */
const unreached =
  /(?:(?:Get|Head) "https?:\/\/[^"]*\/v2\/[^"]*"|failed to do request): .*(?:dial |lookup |timeout|proxyconnect|EOF|x509|connection re|Client\.Timeout|network is unreachable)/;

/** What the old builder says of itself at each build. */
const withoutNotice = (said: string): string =>
  said.replace(/^DEPRECATED: The legacy builder .*\n(?:[ \t]+.*\n)*\n?/m, '');
