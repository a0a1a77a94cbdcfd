/** The x and y [..., 2] of points [..., dims]. */
export function planeOf(points: ArrayLike<number>, dims: number): Float64Array {
  return Float64Array.from({ length: (points.length / dims) * 2 }, (_, i) => points[(i >> 1) * dims + (i & 1)]);
}
