/** Lines that find what a deployment of version 0.1 has at a target beside containers. */
export const linesOfVersion1 = (target: string, deployment: string): readonly string[] =>
  target === 'aws'
    ? [`aws ec2 describe-instances --filters Name=tag:logistician.deployment,Values=${deployment}`]
    : [];
