import { describe, expect, test } from 'vitest';
import { detectAnomaly } from '../src/autograd/anomaly.js';
import { grad, valueAndGrad } from '../src/autograd/grad.js';
import { DeviceError } from '../src/errors.js';
import { log, sqrt } from '../src/kernels/elementwise/unary.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { BACKENDS } from './backends.js';
import { descend, product, times, total } from './testOps.js';

describe.each(BACKENDS)('detectAnomaly on $name', ({ open }) => {
  test('names the first op whose result is not finite, not those that it infects', async () => {
    const device = await open();
    const x = device.tensor([1, 0, 4]);
    const run = detectAnomaly(device, () => total(product(log(times(x, { factor: 2 })), x)));
    await expect(run).rejects.toThrow(DeviceError);
    await expect(run).rejects.toThrow(
      /^detectAnomaly: the result \[3\] of op 2, log\(\[3\]\) is the first that holds NaN/,
    );
  });

  test('finds an op of a gradient behind a finite value', async () => {
    const device = await open();
    const step = () => valueAndGrad((x: Tensor) => total(sqrt(x)))(device.tensor([1, 0]));
    const [value] = step();
    expect(await value.item()).toBe(1);
    await expect(detectAnomaly(device, step)).rejects.toThrow(/the result \[2\] of op [3-9], \w+\(/);
  });

  test('tells a bad operand from a bad op', async () => {
    const device = await open();
    const data = device.tensor([1, Number.NaN]);
    const run = detectAnomaly(device, () => product(device.tensor([1, 2]), data));
    await expect(run).rejects.toThrow(/operand 1 of op 1, product\(\[2\], \[2\]\), made elsewhere, is the first/);
  });

  test('sees infinity in any element of a long tensor, also after an update in place', async () => {
    const device = await open();
    const data = new Float32Array(600_000);
    data[599_999] = Number.NEGATIVE_INFINITY;
    const update = () => descend(device.tensor(new Float32Array(600_000)), device.tensor(data), { rate: 1 });
    await expect(detectAnomaly(device, update)).rejects.toThrow(/operand \d of op 1, descend/);
  });

  test('gives back what a finite function returns, and stops to watch afterwards', async () => {
    const device = await open();
    const x = device.tensor([1, 2]);
    const g = await detectAnomaly(device, () => grad((p: Tensor) => total(product(p, p)))(x));
    expect(Array.from(await g.data())).toEqual([2, 4]);
    const before = device.stats().dispatches;
    product(x, x);
    expect(device.stats().dispatches - before).toBe(1);
  });

  test('an error inside goes through and ends the watch', async () => {
    const device = await open();
    const fail = () => {
      throw new RangeError('planted');
    };
    await expect(detectAnomaly(device, fail)).rejects.toThrow('planted');
    const x = device.tensor([1, 2]);
    const before = device.stats().dispatches;
    product(x, x);
    expect(device.stats().dispatches - before).toBe(1);
  });
});
