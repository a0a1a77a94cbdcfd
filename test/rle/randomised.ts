import { namedTensors } from '../../src/nn/tree.js';
import type { Flow } from '../../src/rle/flows/flow.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Device } from '../../src/tensor/tensor.js';

/** The float64 device of a test file. */
export const reference = cpu();

/** Parameters of a flow that are far from the identity, in float64. */
export function randomised<P>(flow: Flow<P>, seed: number, size = 1, device: Device = reference): P {
  const params = flow.init(new Rng(seed), device);
  const rng = new Rng(seed, 1);
  for (const t of namedTensors(params).values()) {
    const spread = size / Math.sqrt(t.rank === 2 ? t.shape[1] : 4);
    device.write(
      t,
      Float64Array.from({ length: t.size }, () => spread * rng.normal()),
    );
  }
  return params;
}
