import type { Device } from 'wgrad';
import type { RealNvpParams } from 'wgrad/rle';

/** Of each coupling's networks, whatever the point: shift and (bounded) log scale. */
const [SHIFT, RAW] = [0.3, 0.1];
/** Each coordinate passes three couplings `x <- x exp(s) + t`: G is a normal density in each, of these moments. */
const SCALE = Math.exp(Math.tanh(RAW));
export const G = { mean: SHIFT * (1 + SCALE + SCALE ** 2), std: SCALE ** 3 };

/** Gives a flow the density G. */
export function plant(device: Device, { t, s }: RealNvpParams): void {
  for (const [networks, bias] of [
    [t, SHIFT],
    [s, RAW],
  ] as const) {
    for (const network of networks) {
      const last = network[4] as Required<(typeof network)[number]>;
      device.write(last.weight, new Float32Array(last.weight.size));
      device.write(last.bias, new Float32Array(last.bias.size).fill(bias));
    }
  }
}
