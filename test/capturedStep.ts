import { valueAndGrad } from '../src/autograd/grad.js';

import type { Device, Tensor } from '../src/tensor/tensor.js';
import { descend, product, times, total } from './testOps.js';

export type State = { w: Tensor; count: number };
export type Batch = { x: Tensor };

export const values = async (t: Tensor) => Array.from(await t.data());
export const init = (device: Device, ...w: number[]): State => ({ w: device.tensor(w), count: 0 });
export const batchOf = (device: Device, ...x: number[]): Batch => ({ x: device.tensor(x) });

/** `w <- w - 0.5 d/dw sum (w x)^2`, and that sum before the step. */
export function step({ w, count }: State, { x }: Batch): { state: State; loss: Tensor; twice: Tensor } {
  const [loss, g] = valueAndGrad((p: Tensor) => {
    const y = product(p, x);
    return total(product(y, y));
  })(w);
  return { state: { w: descend(w, g, { rate: 0.5 }), count: count + 1 }, loss, twice: times(x, { factor: 2 }) };
}
