import { DeviceError } from '../errors.js';
import { Allocation } from './allocation.js';
import {
  type Capabilities,
  type DeviceStats,
  dtypeOf,
  type MemoryReport,
  type TypedArray,
  type View,
} from './backend.js';
import { ConstantCache } from './constantCache.js';
import type { TensorData } from './nested.js';
import { checkWrite, newTensor, tensorOf } from './newTensor.js';
import type { DType, Shape } from './shape.js';
import type { Device, Kernel, Tensor } from './tensor.js';

type ReferenceArray = Float64Array | Int32Array | Uint32Array;

const ARRAY = { float32: Float64Array, float16: Float64Array, int32: Int32Array, uint32: Uint32Array } as const;

/** What a device can do that computes nothing but the reference. */
export const REFERENCE: Capabilities = {
  tier: 'reference',
  vendor: 'wgrad',
  architecture: 'float64',
  subgroupSize: 0,
  float16: true,
  timestamps: false,
  maxBindingBytes: Number.MAX_SAFE_INTEGER,
};

function arrayOf(dtype: DType, length: number): ReferenceArray {
  try {
    return new ARRAY[dtype](length);
  } catch (cause) {
    throw new DeviceError(`cpu: no memory for ${length} numbers`, { cause });
  }
}

class CpuAllocation extends Allocation {
  readonly data: ReferenceArray;
  readonly #onFree: (bytes: number) => void;

  constructor(dtype: DType, length: number, onFree: (bytes: number) => void) {
    super(dtype, length);
    this.data = arrayOf(dtype, length);
    this.#onFree = onFree;
  }

  free(): void {
    this.#onFree(this.data.byteLength);
  }
}

/** The float64 reference, which runs every op as plain loops: the judge of all kernels, and a device without an adapter. */
export class CpuDevice implements Device {
  readonly kind = 'cpu';
  readonly description: string;
  readonly capabilities: Capabilities = REFERENCE;
  readonly #constants = new ConstantCache(this);
  #runs = 0;
  #buffers = 0;
  #bytes = 0;
  #peak = 0;
  #destroyed = false;

  constructor(description: string) {
    this.description = description;
  }

  tensor(nested: TensorData, given?: Shape, dtype: DType = dtypeOf(nested)): Tensor {
    return tensorOf(this, nested, dtype, given);
  }

  zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
    return newTensor('zeros', this, shape, dtype, true);
  }

  scalar(value: number, dtype: DType = 'float32'): Tensor {
    return this.#constants.get(value, dtype);
  }

  write(tensor: Tensor, data: ArrayLike<number>): void {
    checkWrite(this, tensor, data);
    view(tensor).data.set(data);
  }

  copy(source: Tensor, target: Tensor): void {
    source.assertOn(this, 'copy');
    target.assertOn(this, 'copy');
    view(target).data.set(view(source).data);
  }

  async read(tensor: Tensor): Promise<TypedArray> {
    this.#assertOpen();
    tensor.assertLive('read');
    tensor.assertOn(this, 'read');
    return view(tensor).data.slice();
  }

  allocate(dtype: DType, length: number): Allocation {
    this.#assertOpen();
    const allocation = new CpuAllocation(dtype, length, (bytes) => {
      this.#buffers--;
      this.#bytes -= bytes;
    });
    this.#buffers++;
    this.#bytes += allocation.data.byteLength;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return allocation;
  }

  run<A>(kernel: Kernel<A>, inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A): void {
    this.#assertOpen();
    this.#runs++;
    kernel.reference(inputs.map(view), outputs.map(view), attrs);
  }

  flush(): void {}

  async finished(): Promise<void> {
    this.#assertOpen();
  }

  memory(): MemoryReport {
    return {
      live: { buffers: this.#buffers, bytes: this.#bytes },
      pooled: { buffers: 0, bytes: 0 },
      peakBytes: this.#peak,
    };
  }

  stats(): DeviceStats {
    return { dispatches: this.#runs, submits: 0, pipelines: 0, bindGroups: 0, buffers: 0 };
  }

  destroy(): void {
    this.#destroyed = true;
  }

  #assertOpen(): void {
    if (this.#destroyed) throw new DeviceError('cpu: the device was destroyed; open another with cpu()');
  }
}

function view(tensor: Tensor): View {
  const { data } = tensor.allocation as CpuAllocation;
  return { shape: tensor.shape, data: data.subarray(tensor.offset, tensor.offset + tensor.size) };
}

/** Opens the float64 reference backend; `because` says in its description why it was chosen. */
export function cpu({ because }: { readonly because?: string } = {}): Device {
  const name = 'CPU reference (float64 JavaScript loops)';
  return new CpuDevice(because ? `${name}, because ${because}` : name);
}
