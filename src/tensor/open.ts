import { DeviceError } from '../errors.js';
import type { Device } from './backend.js';
import { cpu } from './cpu.js';
import { notice } from './notice.js';
import { webgpu } from './webgpu.js';
import type { WebGpuOptions } from './webgpuDevice.js';

const SILENCE = 'device({ quiet: true }) keeps this line away.';

/**
 * Opens the best device there is: WebGPU on a GPU, else on a software driver, else the float64 reference on the CPU.
 * `description` says which, and on the reference also why there is no WebGPU and what would help. Where it is no GPU, the
 * console says so once, unless the options are `quiet`.
 */
export async function device(options: WebGpuOptions = {}): Promise<Device> {
  const opened = await bestOf(options);
  const { description, capabilities } = opened;
  if (capabilities.tier !== 'gpu' && !options.quiet) {
    const speed =
      capabilities.tier === 'software'
        ? 'a driver that computes on the CPU, since no GPU was found'
        : 'which is exact and slow: it is there to judge kernels by';
    notice(`running on ${description.replace(/\.$/, '')}, ${speed}. ${SILENCE}`);
  }
  return opened;
}

async function bestOf(options: WebGpuOptions): Promise<Device> {
  try {
    return await webgpu(options);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return cpu({ because: error.message });
  }
}
