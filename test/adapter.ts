import { type WebGpuDevice, webgpu } from '../src/tensor/webgpu.js';

/** GPU suites run unless `WGRAD_BACKEND=cpu` asks for none; without an adapter they fail and name the remedy. */
export const withGpu = process.env.WGRAD_BACKEND !== 'cpu';

let device: Promise<WebGpuDevice> | undefined;

/** The one device of a test file. */
export function sharedGpu(): Promise<WebGpuDevice> {
  device ??= webgpu();
  return device;
}
