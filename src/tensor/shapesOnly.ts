import { DeviceError } from '../errors.js';
import { Allocation } from './allocation.js';
import { dtypeOf, type TypedArray } from './backend.js';
import { ConstantCache } from './constantCache.js';
import { flattenData, type TensorData } from './nested.js';
import { checkDType, checkShape, type DType, type Shape, sizeOf } from './shape.js';
import { type Device, Tensor } from './tensor.js';

class NoMemory extends Allocation {
  free(): void {}
}

/** Shapes without elements: every op is checked and told to observers, none computes, and nothing takes memory. */
class ShapesOnlyDevice implements Device {
  readonly kind = 'cpu';
  readonly description = 'shapes without elements';
  readonly capabilities = {
    tier: 'reference',
    vendor: 'wgrad',
    architecture: 'shapes',
    subgroupSize: 0,
    float16: true,
    timestamps: false,
    maxBindingBytes: Number.MAX_SAFE_INTEGER,
  } as const;
  readonly #constants = new ConstantCache(this);
  #runs = 0;

  tensor(data: TensorData, shape?: Shape, dtype: DType = dtypeOf(data)): Tensor {
    return this.zeros(flattenData(data, dtype, shape).shape, dtype);
  }

  zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
    checkShape('zeros', shape);
    checkDType('zeros', dtype);
    return new Tensor(this, shape, dtype, this.allocate(dtype, sizeOf(shape)));
  }

  scalar(value: number, dtype: DType = 'float32'): Tensor {
    return this.#constants.get(value, dtype);
  }

  allocate(dtype: DType, length: number): Allocation {
    return new NoMemory(dtype, length);
  }

  run(): void {
    this.#runs++;
  }

  write(): void {}
  copy(): void {}
  flush(): void {}
  destroy(): void {}
  async finished(): Promise<void> {}

  async read(tensor: Tensor): Promise<TypedArray> {
    throw new DeviceError(
      `read: a tensor of ${tensor.size} elements on a device of ${this.description} has none to read; compute on cpu() or webgpu()`,
    );
  }

  memory() {
    const none = { buffers: 0, bytes: 0 };
    return { live: none, pooled: none, peakBytes: 0 };
  }

  stats() {
    return { dispatches: this.#runs, submits: 0, pipelines: 0, bindGroups: 0, buffers: 0 };
  }
}

/** Opens a device on which a network of any size costs nothing but its shapes; reading a tensor is a DeviceError. */
export function shapesOnly(): Device {
  return new ShapesOnlyDevice();
}
