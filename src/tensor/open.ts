import { DeviceError } from '../errors.js';
import type { Device } from './backend.js';
import { cpu } from './cpu.js';
import { type WebGpuOptions, webgpu } from './webgpu.js';

/**
 * Opens the best device there is: WebGPU, else the float64 reference on the CPU. `description` says which, and on the
 * reference also why there is no WebGPU and what would help.
 */
export async function device(options?: WebGpuOptions): Promise<Device> {
  try {
    return await webgpu(options);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return cpu({ because: error.message });
  }
}
