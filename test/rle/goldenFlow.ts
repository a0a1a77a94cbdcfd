import { namedTensors } from '../../src/nn/tree.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device } from '../../src/tensor/tensor.js';

/**
 * The flow of rle_golden.json: with i running over t.0 .. t.5, s.0 .. s.5 and in each net over weights and biases in
 * turn, a weight is sin(0.7 i + 0.3) 2 / sqrt(fanIn), a bias 0.05 sin(0.7 i + 0.3).
 */
export function goldenFlow(device: Device, dims: number): RealNvpParams {
  const params = realNvp({ dims }).init(new Rng(0), device);
  let i = 0;
  for (const tensor of namedTensors(params).values()) {
    const scale = tensor.rank === 2 ? 2 / Math.sqrt(tensor.shape[1]) : 0.05;
    device.write(
      tensor,
      Float64Array.from({ length: tensor.size }, () => Math.sin(0.7 * i++ + 0.3) * scale),
    );
  }
  return params;
}
