// The test cloud for programs that are not of the tests, as bin/demo: `node serve.js MACHINES IMAGE...` prints, in
// lines for a shell, what they need in their environment, and leaves nothing when its standard input ends. With
// `images` for a number it only makes the image of its machines.
import { Cloud } from './cloud.js';
import { cloudMachineImage } from './machine-image.js';

const [machines = '', ...images] = process.argv.slice(2);

if (machines === 'images') {
  // An interrupt of it interrupts what it has begun, after which it has to tidy up.
  process.on('SIGINT', () => {});
  cloudMachineImage(images);
} else {
  // However the one who holds the other end comes to his.
  const over = new Promise((resolve) => process.stdin.resume().once('close', resolve));
  const cloud = await Cloud.start({ machines: Number(machines), images });
  const words = { ...cloud.env, cloud_subnet: cloud.subnet };
  console.log(
    Object.entries(words)
      .map(([name, value]) => `export ${name}='${value}'`)
      .join('\n'),
  );
  await over;
  await cloud.remove();
}
