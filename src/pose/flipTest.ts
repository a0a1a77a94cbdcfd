/** Poses [N, K, 2] in units of the crop, x from its middle, and the sigma of each coordinate where there is one. */
export interface FlipPoses {
  readonly mu: Float64Array;
  readonly sigma?: Float64Array;
}

/**
 * The flip test: `(f(image) + mirror^-1 f(mirrored image)) / 2`, where `mirror^-1` swaps left and right joints and turns
 * x into -x. Sigmas, and with them scores, follow their joints; RLE's official code averages them without the swap.
 * @param order [K]: the schema's `flipOrder`
 */
export function flipAverage(upright: FlipPoses, mirrored: FlipPoses, order: Uint32Array): FlipPoses {
  return {
    mu: average(upright.mu, unmirror(mirrored.mu, order, -1)),
    sigma: upright.sigma && mirrored.sigma && average(upright.sigma, unmirror(mirrored.sigma, order, 1)),
  };
}

/** What was said of mirror images as it would be of the images; `sign` is that of x. */
function unmirror(values: Float64Array, order: Uint32Array, sign: 1 | -1): Float64Array {
  const count = order.length;
  return values.map((_, i) => {
    const joint = i >> 1;
    const source = joint - (joint % count) + order[joint % count];
    return i % 2 === 0 ? sign * values[2 * source] : values[2 * source + 1];
  });
}

const average = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => (value + b[i]) / 2);
