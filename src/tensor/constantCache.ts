import { ShapeError } from '../errors.js';

import { pinned } from './scopeStack.js';
import { type DType, isFloat } from './shape.js';
import type { Device, Tensor } from './tensor.js';

const CAPACITY = 256;

/** Numbers that ops meet again and again (`mul(x, 0.5)`), each uploaded once; the least recently used is dropped first. */
export class ConstantCache {
  readonly #device: Device;
  readonly #tensors = new Map<string, Tensor>();

  constructor(device: Device) {
    this.#device = device;
  }

  get(value: number, dtype: DType): Tensor {
    const key = `${dtype} ${Object.is(value, -0) ? '-0' : value}`;
    let t = this.#tensors.get(key);
    if (t) this.#tensors.delete(key);
    else {
      checkConstant(value, dtype);
      t = pinned(() => this.#device.tensor([value], [], dtype));
      if (this.#tensors.size >= CAPACITY) {
        const [oldest, stale] = this.#tensors.entries().next().value as [string, Tensor];
        this.#tensors.delete(oldest);
        stale.release();
      }
    }
    this.#tensors.set(key, t);
    return t;
  }
}

/** Refuses a number that an integer dtype cannot hold: to round or wrap it would change what the author wrote. */
function checkConstant(value: number, dtype: DType): void {
  const [low, high] = dtype === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  if (isFloat({ dtype }) || (Number.isInteger(value) && value >= low && value <= high)) return;
  throw new ShapeError(`scalar: ${value} is no ${dtype}; use one, or convert the other operands with cast`);
}
