import { ShapeError } from '../errors.js';
import { holds } from './elements.js';
import { pinned } from './scopeStack.js';
import { checkDType, type DType } from './shape.js';
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
    checkNumber(value); // before the search, which would find 3 for '3'
    const key = `${dtype} ${Object.is(value, -0) ? '-0' : value}`;
    let t = this.#tensors.get(key);
    if (t) this.#tensors.delete(key);
    else {
      checkDType('scalar', dtype);
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

function checkNumber(value: unknown): void {
  if (typeof value === 'number') return;
  throw new ShapeError(`scalar: the value is ${typeof value} ${String(value)}, expected a number; pass a number`);
}

/** Refuses a number that an integer dtype cannot hold: to round or wrap it would change what the author wrote. */
function checkConstant(value: number, dtype: DType): void {
  if (holds(dtype, value)) return;
  throw new ShapeError(`scalar: ${value} is no ${dtype}; use one, or convert the other operands with cast`);
}
