import { describe, expect, test } from 'vitest';
import { DeviceError } from '../src/errors.js';
import { scope } from '../src/tensor/scope.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { gpuOf, sharedGpu, withGpu } from './adapter.js';
import { elementwise, kernel, launch, times, total } from './testOps.js';

const values = async (t: Tensor) => Array.from(await t.data());
const MEBIBYTE = 2 ** 20;

describe.runIf(withGpu)('failures', () => {
  test('a kernel that does not compile rejects the next read by its name, once', async () => {
    const device = await webgpu();
    const x = device.tensor([1, 2]);
    const broken = kernel('broken', (a, y) => launch(elementwise('broken', ['a'], 'nonsense(a[i])'), [a], y));
    const y = broken(x);
    await expect(y.data()).rejects.toThrow(/kernel 'broken' does not compile: (.|\n)*nonsense/);
    expect(await values(x)).toEqual([1, 2]);
    device.destroy();
  });

  test('an uncaptured error rejects the next read', async () => {
    const device = await webgpu();
    const x = device.tensor([1]);
    gpuOf(device).createBuffer({ size: 16, usage: 0x1 | 0x2 }); // a buffer cannot be mapped for reading and writing
    await expect(device.finished()).rejects.toThrow(DeviceError);
    expect(await values(x)).toEqual([1]);
    gpuOf(device).createBuffer({ size: 16, usage: 0x1 | 0x2 });
    await expect(x.data()).rejects.toThrow(/^webgpu: /);
    device.destroy();
  });

  test('the memory limit is an error with the numbers and advice', async () => {
    const device = await webgpu({ memoryLimit: 4 * MEBIBYTE });
    const kept = device.zeros([(3 * MEBIBYTE) / 4]);
    const more = () => device.zeros([(2 * MEBIBYTE) / 4]);
    expect(more).toThrow(DeviceError);
    expect(more).toThrow(
      /2\.0 MiB wanted while 3\.0 MiB are in use; make the batch at least 1\.\d+ times smaller.*4\.0 MiB/,
    );
    kept.dispose();
    expect(() => scope(more)).not.toThrow();
    device.destroy();
  });

  test('under the limit, buffers that wait for reuse make room for others', async () => {
    const device = await webgpu({ memoryLimit: 4 * MEBIBYTE });
    const length = (3 * MEBIBYTE) / 8; // twice 1.5 MiB, pooled when the scope ends; the sum is recorded, not submitted
    const y = scope(() => total(times(device.tensor(new Float32Array(length).fill(2)), { factor: 4 })));
    expect(device.memory().pooled.bytes).toBeGreaterThan(2.9 * MEBIBYTE);
    const large = device.zeros([(3 * MEBIBYTE) / 4]);
    expect(device.memory().pooled.bytes).toBe(0);
    expect(await values(y)).toEqual([8 * length]);
    expect(() => device.zeros([MEBIBYTE / 2])).toThrow(/out of memory/);
    expect(await large.data()).toHaveLength((3 * MEBIBYTE) / 4);
    device.destroy();
  });

  test('a tensor over the binding limit says how much smaller the batch must be', async () => {
    const device = await sharedGpu();
    const floats = device.capabilities.maxBindingBytes / 4;
    expect(() => device.zeros([3, floats])).toThrow(
      /over this adapter's limit of .* for one binding; make the batch at least 3\.0/,
    );
  });

  test('a destroyed device says so', async () => {
    const device = await webgpu();
    const x = device.tensor([1]);
    device.destroy();
    await expect(x.data()).rejects.toThrow(/the device was destroyed; open another with webgpu\(\)/);
    expect(() => device.zeros([1])).toThrow(DeviceError);
    expect(() => times(x, { factor: 2 })).toThrow(/destroyed/);
  });

  test('a lost device rejects every read, with the reason', async () => {
    const device = await webgpu();
    const x = device.tensor([1]);
    gpuOf(device).destroy(); // behind our back: to the device that is a loss
    await gpuOf(device).lost;
    for (let i = 0; i < 2; i++) {
      await expect(x.data()).rejects.toThrow(/the device was lost \(destroyed\).*open another with webgpu\(\)/);
    }
    await expect(device.finished()).rejects.toThrow(/was lost/);
  });
});
