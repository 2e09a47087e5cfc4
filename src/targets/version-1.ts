/** Lines that find resources of a deployment of version 0.1 at a target, other than containers. */
export const linesOfVersion1 = (target: string, deployment: string): readonly string[] =>
  target === 'aws'
    ? [`aws ec2 describe-instances --filters Name=tag:logistician.deployment,Values=${deployment}`]
    : [];
