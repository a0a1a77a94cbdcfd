import { cpu, DataError, type Device, device, type WebGpuOptions, webgpu } from 'wgrad';
import { choicesFile } from 'wgrad/io/node';
import { loadChoices } from 'wgrad/testing';
import { say } from './say.js';

/**
 * Opens the device that `--backend` names: `tuned` is WebGPU with the kernels that `wgrad tune` found fastest. Where
 * compiling takes long, it reports the progress on stderr.
 * @throws DataError for another name, DeviceError where there is no such device
 */
export async function openBackend(name: string): Promise<Device> {
  checkBackend(name);
  // A progress bar may be on this line; it is drawn again afterwards.
  const erase = process.stderr.isTTY ? '\r\u001b[2K' : '';
  const options: WebGpuOptions = {
    quiet: true, // the commands say themselves what they run on
    onCompile: ({ compiled }) => say(`${erase}compiling kernels for this device: ${compiled} so far`),
  };
  if (name === 'webgpu') return webgpu(options);
  if (name === 'tuned') {
    const opened = await webgpu(options);
    await loadChoices(opened, choicesFile(), (text) => say(`${erase}wgrad-pose: ${text}`));
    return opened;
  }
  return name === 'cpu' ? cpu() : device(options);
}

const BACKENDS = ['webgpu', 'tuned', 'cpu', 'auto'];

/** @throws DataError for a name that `openBackend` does not know */
export function checkBackend(name: string): void {
  if (!BACKENDS.includes(name)) throw new DataError(`--backend ${name}: expected one of ${BACKENDS.join(', ')}`);
}
