import { DeviceError } from '../errors.js';
import { Allocation } from './allocation.js';
import type { TypedArray } from './backend.js';
import { CpuDevice, REFERENCE } from './cpu.js';
import type { DType } from './shape.js';
import type { Device, Tensor } from './tensor.js';

class NoMemory extends Allocation {
  free(): void {}
}

/** Shapes without elements: every op is checked and told to observers, none computes, and nothing takes memory. */
class ShapesOnlyDevice extends CpuDevice {
  override readonly capabilities = { ...REFERENCE, architecture: 'shapes' };
  #runs = 0;

  override allocate(dtype: DType, length: number): Allocation {
    return new NoMemory(dtype, length);
  }

  override run(): void {
    this.#runs++;
  }

  override write(): void {}
  override copy(): void {}

  override async read(tensor: Tensor): Promise<TypedArray> {
    throw new DeviceError(
      `read: a tensor of ${tensor.size} elements on a device of ${this.description} has none to read; compute on cpu() or webgpu()`,
    );
  }

  override stats() {
    return { ...super.stats(), dispatches: this.#runs };
  }
}

/** Opens a device on which a network of any size costs nothing but its shapes; reading a tensor is a DeviceError. */
export function shapesOnly(): Device {
  return new ShapesOnlyDevice('shapes without elements');
}
