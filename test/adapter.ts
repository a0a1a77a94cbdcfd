import type { Device } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import type { WebGpuBackend } from '../src/tensor/webgpuBackend.js';
import type { WebGpuDevice } from '../src/tensor/webgpuDevice.js';

/** GPU suites run unless `WGRAD_BACKEND=cpu` asks for none; without an adapter they fail and name the remedy. */
export const withGpu = process.env.WGRAD_BACKEND !== 'cpu';

let device: Promise<WebGpuDevice> | undefined;

/** The one device of a test file. */
export function sharedGpu(): Promise<WebGpuDevice> {
  device ??= webgpu();
  return device;
}

/** The browser's own object behind a device, for a test that does something to it behind our back. */
export function gpuOf(device: Device): GPUDevice {
  return (device as WebGpuBackend).gpu;
}
