import { collectGarbage } from './garbage.js';
import { checkOptions, type Kinds } from './options.js';
import { openDevice } from './webgpuAdapter.js';
import { WebGpuBackend } from './webgpuBackend.js';
import type { WebGpuDevice, WebGpuOptions } from './webgpuDevice.js';

/** @internal */
export const WEBGPU_OPTIONS: Kinds<WebGpuOptions> = {
  memoryLimit: 'number',
  assume: 'record',
  onCompile: 'function',
  quiet: 'boolean',
};

/** How many devices may be opened until garbage is collected, so that those that nobody holds are destroyed. */
const BETWEEN_COLLECTIONS = 8;

let there = 0;
let most = BETWEEN_COLLECTIONS;

/** A device that its user has dropped, with all of its tensors, is destroyed when the garbage collector finds it. */
const dropped = new FinalizationRegistry<GPUDevice>((gpu) => gpu.destroy());

/**
 * Opens the best WebGPU adapter: `navigator.gpu` in a browser, the package `webgpu` (Dawn) in Node. Every call opens a device
 * of its own; `destroy()` gives back what it holds.
 *
 * @throws DeviceError if there is no adapter or only the null backend, with the remedy; ShapeError for an option there is not
 */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuDevice> {
  checkOptions('webgpu', WEBGPU_OPTIONS, options);
  if (there >= most) {
    await collectGarbage();
    most = there + BETWEEN_COLLECTIONS;
  }
  const opened = await openDevice();
  const device = new WebGpuBackend(opened, options);
  dropped.register(device, opened.gpu);
  there++;
  opened.gpu.lost.then(() => there--);
  return device;
}
