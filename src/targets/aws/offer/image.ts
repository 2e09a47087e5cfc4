import type { AwsApi } from '../../../tools/aws/api.js';
import type { AmiFacts, TypeFacts } from '../../../tools/aws/facts.js';
import { NotAtAws } from './not-at-aws.js';

/** The public parameters with the ids of current images, the preferred one first. */
const names = (isArm: boolean) => ({
  gpu: ['24.04', '22.04'].map(
    (release) =>
      `/aws/service/deeplearning/ami/${isArm ? 'arm64' : 'x86_64'}/base-oss-nvidia-driver-gpu-ubuntu-${release}/latest/ami-id`,
  ),
  plain: [
    `/aws/service/canonical/ubuntu/server/24.04/stable/current/${isArm ? 'arm64' : 'amd64'}/hvm/ebs-gp3/ami-id`,
  ],
});

/** Families of NVIDIA's GPUs that are too old for the open driver of that image: Kepler, Maxwell, Volta. */
const tooOld = /^(p2|p3|p3dn|g3|g3s)\./;

/** The first of these parameters that exists in the region. */
async function firstOf(api: AwsApi, parameters: readonly string[]): Promise<string | null> {
  for (const name of parameters) {
    const found = await api.parameter(name);
    if (found !== null) return found;
  }
  return null;
}

/** The image of machines of a type. @param given its id; null: the current one of the kind that fits.
 * @throws NotAtAws, AwsRefused */
export async function findAmi(
  api: AwsApi,
  given: string | null,
  typeName: string,
  type: TypeFacts,
): Promise<AmiFacts> {
  const isArm = type.architectures.includes('arm64');
  const known = names(isArm)[type.gpus > 0 ? 'gpu' : 'plain'];
  const sayOne = '"aws_ami": "ami-…"    # in parameters.json';
  if (given === null && type.gpus > 0 && (type.gpuMaker !== 'NVIDIA' || tooOld.test(typeName)))
    throw new NotAtAws(
      `The image for GPUs has no driver for those of ${typeName}${type.gpuMaker === 'NVIDIA' ? ', which are too old' : ` (${type.gpuMaker || 'unknown'})`}.`,
      [
        `${sayOne}: one with their driver, and Docker's runtime for them`,
        '"aws_instance_type": "g4dn.xlarge"    # in parameters.json: one with newer GPUs of NVIDIA',
      ],
    );
  const id = given ?? (await firstOf(api, known));
  if (id === null)
    throw new NotAtAws(
      `${api.region} has no current image for ${typeName}: there is no parameter ${known.join(' or ')}.`,
      [sayOne],
    );
  const image = await api.image(id);
  if (!image)
    throw new NotAtAws(
      `There is no image ${id} in ${api.region}, or none that you may use. Images belong to a region.`,
      [
        `aws --region ${api.region} ec2 describe-images --owners self --query 'Images[].[ImageId,Name,Architecture]'`,
        `${sayOne}, or remove the key for the current image`,
      ],
    );
  if (!type.architectures.includes(image.architecture))
    throw new NotAtAws(
      `${id} (${image.name}) is for ${image.architecture}, and ${typeName} is ${type.architectures.join(' and ')}.`,
      [
        `${sayOne}, or remove the key for an image that fits`,
        `"aws_instance_type": "${image.architecture === 'arm64' ? 't4g' : 't3'}.small"    # in parameters.json: a type that fits the image`,
      ],
    );
  return image;
}
