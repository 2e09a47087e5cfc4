/** From 0 to 1, and the same each time for one seed. */
export const random = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
};
