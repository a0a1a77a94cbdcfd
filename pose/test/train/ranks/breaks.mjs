// Breaks one rank of a run: `node --import .../breaks.mjs program` with BREAKS=disk, after which the disk is full once the
// run has written BREAKS_AFTER files, or BREAKS=device, after which the device is lost at so many submissions to it.

import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { BREAKS, BREAKS_AFTER } = process.env;
let count = 0;
const isBroken = () => ++count > Number(BREAKS_AFTER);

if (isMainThread && BREAKS === 'disk') {
  const { open } = fs;
  fs.open = async (path, flags, ...rest) => {
    const handle = await open(path, flags, ...rest);
    if (!String(path).includes('last.safetensors')) return handle;
    const write = handle.writeFile.bind(handle);
    handle.writeFile = async (content, ...options) => {
      if (!isBroken()) return write(content, ...options);
      await write(content.subarray(0, 100));
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    };
    return handle;
  };
  syncBuiltinESMExports();
}

if (isMainThread && BREAKS === 'device') {
  const { globals } = await import('webgpu');
  const { requestDevice } = globals.GPUAdapter.prototype;
  globals.GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (commands) => {
      submit(commands);
      if (isBroken()) device.destroy();
    };
    return device;
  };
}
