import { openDevice } from './webgpuAdapter.js';
import { WebGpuBackend } from './webgpuBackend.js';
import type { WebGpuDevice, WebGpuOptions } from './webgpuDevice.js';

/**
 * Opens the best WebGPU adapter: `navigator.gpu` in a browser, the package `webgpu` (Dawn) in Node.
 *
 * @throws DeviceError if there is no adapter or only the null backend, with the remedy.
 */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuDevice> {
  return new WebGpuBackend(await openDevice(), options);
}
