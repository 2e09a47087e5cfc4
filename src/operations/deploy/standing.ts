import { ownLine, UserError } from '../../errors.js';
import type { DeploymentStore } from '../../runs/deployment-store.js';
import { pasteable } from '../../shell/word.js';
import { linesOfVersion1 } from '../../targets/version-1.js';

/** A live deployment of version 0.1, whose record this version cannot use. */
class LiveOfVersion1 extends UserError {
  constructor(path: string, target: string, id: string) {
    const label = `label=logistician.deployment=${id}`;
    super(
      `${path} is the record of a deployment (${id}, target ${target}) that logistician 0.1 made and did not terminate. This version cannot continue it.`,
      [
        ownLine('terminate', [], 'with version 0.1, if it is still installed'),
        `docker ps --all --filter ${label}    # its containers, here or on each of its machines; docker rm --force ends them`,
        ...linesOfVersion1(target, id),
        `${pasteable`mv ${path} ${path}.0.1`}    # once nothing of it is left`,
      ],
    );
  }
}

/** @throws UserError if the folder has a deployment to which this version cannot add */
export function refuseOtherDeployments(deployments: DeploymentStore): void {
  const foreign = deployments.foreign();
  if (foreign?.isLiveOfVersion1) throw new LiveOfVersion1(foreign.path, foreign.target, foreign.id);
}
