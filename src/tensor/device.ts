import { DeviceError } from '../errors.js';
import { cpu } from './cpu.js';
import { notice } from './notice.js';
import { checkOptions } from './options.js';
import type { Device } from './tensor.js';
import { WEBGPU_OPTIONS, webgpu } from './webgpu.js';
import type { WebGpuOptions } from './webgpuDevice.js';

const SILENCE = 'device({ quiet: true }) keeps this line away.';

/**
 * Opens the best device there is: WebGPU on a GPU, else on a software driver, else the float64 reference on the CPU.
 * `description` says which, and on the reference also why there is no WebGPU and what would help. Where it is no GPU, the
 * console says so once, unless the options are `quiet`.
 *
 * @throws ShapeError for an option there is not
 */
export async function device(options: WebGpuOptions = {}): Promise<Device> {
  checkOptions('device', WEBGPU_OPTIONS, options);
  const say = (text: string) => {
    if (!options.quiet) notice(`${text} ${SILENCE}`);
  };
  try {
    const opened = await webgpu(options);
    if (opened.capabilities.tier === 'software') {
      say(`running on ${opened.description}: a driver that computes on the CPU, since no GPU was found.`);
    }
    return opened;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    say(
      `running on the CPU reference, which is exact and slow, since it is there to judge kernels by. ${error.message}`,
    );
    return cpu({ because: error.message });
  }
}
