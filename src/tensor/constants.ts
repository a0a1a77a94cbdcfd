import type { Device } from './backend.js';
import { Scope } from './lifetime.js';
import type { DType } from './shape.js';
import type { Tensor } from './tensor.js';

const CAPACITY = 256;

/** Scalars that ops meet again and again (`mul(x, 0.5)`), uploaded once; the least recently used goes first. */
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
      t = this.#make(value, dtype);
      if (this.#tensors.size >= CAPACITY) {
        const [oldest, stale] = this.#tensors.entries().next().value as [string, Tensor];
        this.#tensors.delete(oldest);
        stale.release();
      }
    }
    this.#tensors.set(key, t);
    return t;
  }

  /** Made in a scope of its own and retained, so that the scope of whoever asked first does not take it away. */
  #make(value: number, dtype: DType): Tensor {
    const own = new Scope();
    const t = this.#device.tensor([value], [], dtype);
    t.retain();
    own.close(new Set());
    return t;
  }
}
