import type { SpatialLabels } from './dataset.js';

/**
 * Takes joints in the picture back to space, `X = (u - c) Z / f` with Z the joint's depth plus the root's: [K, 3] in
 * millimetres along the camera's axes, counted from joint 0, the root.
 * @param pixels [K, 2]
 * @param depths [K], millimetres behind the root
 */
export function cameraPoints(
  pixels: ArrayLike<number>,
  depths: ArrayLike<number>,
  { rootDepth, focal, centre }: Omit<SpatialLabels, 'depths'>,
): Float64Array {
  const points = new Float64Array(3 * depths.length);
  for (let k = 0; k < depths.length; k++) {
    const depth = depths[k] + rootDepth;
    const [x, y] = [0, 1].map((d) => ((pixels[2 * k + d] - centre[d]) * depth) / focal[d]);
    points.set([x, y, depth], 3 * k);
  }
  const root = points.slice(0, 3);
  return points.map((value, i) => value - root[i % 3]);
}
