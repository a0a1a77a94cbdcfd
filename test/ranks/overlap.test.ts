import { describe, expect, test } from 'vitest';
import {
  add,
  matmul,
  mean,
  packParameters,
  Rng,
  randomNormal,
  relu,
  square,
  tensorsOf,
  valueAndGrad,
  webgpu,
} from '../../src/index.js';
import { distributed, type Ranks } from '../../src/ranks/index.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { MAP_READ } from '../../src/tensor/webgpuUsage.js';
import { gpuOf, withGpu } from '../adapter.js';

/** A square of them is one piece of gradients. */
const WIDTH = 1024;
const PIECE = 4 * WIDTH * WIDTH;
/** Of the step, in which gradients have the chance to travel before the device is done. */
const MOST_CALLS = 30;

/** Notes kernels, copies to the host and submissions in the order in which the queue gets them. */
function watch(gpu: GPUDevice, events: string[]) {
  const staging: GPUBuffer[] = [];
  const mapped = new Set<ArrayBuffer>();
  const { createBuffer, createCommandEncoder, queue } = gpu;
  gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(gpu, descriptor);
    if ((descriptor.usage & MAP_READ) === 0) return buffer;
    staging.push(buffer);
    const { getMappedRange } = buffer;
    buffer.getMappedRange = (...range) => {
      const bytes = getMappedRange.apply(buffer, range);
      mapped.add(bytes);
      return bytes;
    };
    return buffer;
  };
  gpu.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder.call(gpu, descriptor);
    const { beginComputePass, copyBufferToBuffer } = encoder;
    encoder.beginComputePass = (of) => {
      const pass = beginComputePass.call(encoder, of);
      const { dispatchWorkgroups } = pass;
      pass.dispatchWorkgroups = (...groups) => {
        events.push('kernel');
        return dispatchWorkgroups.apply(pass, groups);
      };
      return pass;
    };
    encoder.copyBufferToBuffer = (...args: unknown[]) => {
      const [, , target, , bytes] = args;
      if (staging.includes(target as GPUBuffer)) events.push(`copy ${bytes}`);
      return (copyBufferToBuffer as (...all: unknown[]) => undefined).apply(encoder, args);
    };
    return encoder;
  };
  const { submit } = queue;
  queue.submit = (commands) => {
    events.push('submit');
    return submit.call(queue, commands);
  };
  return { staging, mapped };
}

describe.runIf(withGpu)('gradients that are complete', () => {
  test('travel while the device computes the others, out of memory that it no longer maps', async () => {
    const device = await webgpu({ quiet: true });
    const events: string[] = [];
    const { staging, mapped } = watch(gpuOf(device), events);
    const ranks: Ranks = {
      rank: 0,
      size: 2,
      async allReduce(values) {
        const array = values as Float32Array;
        events.push(`sum ${array.byteLength}`);
        expect(staging.map(({ mapState }) => mapState)).not.toContain('mapped');
        expect(mapped).not.toContain(array.buffer);
        for (let i = 0; i < array.length; i++) array[i] *= 2;
      },
      allReduceNow: () => {
        throw new Error('a step on the device waits for nothing');
      },
    };
    const rng = new Rng(1);
    const draw = (rows: number) => randomNormal(device, rng, { shape: [rows, WIDTH] });
    let params: Tensor[] = packParameters([1, 2, 3, 4].map(() => draw(WIDTH)));
    const lossOf = (weights: readonly Tensor[], x: Tensor) =>
      mean(square(weights.reduce((y, w) => relu(add(matmul(y, w), 1)), x)));
    const step = distributed(ranks, (weights: Tensor[], x: Tensor) => {
      const [loss, gradients] = valueAndGrad(lossOf)(weights, x);
      return { state: weights, summed: { loss, gradients } };
    });
    const x = draw(256);
    // A busy machine may not run this thread before its device is done; it does in one call of a few.
    let travelled = false;
    for (let call = 0; call < 3 || (!travelled && call < MOST_CALLS); call++) {
      events.length = 0;
      const done = step(params, x);
      // Nothing is awaited before all commands are handed over, but in the first call, which makes the kernels.
      void gpuOf(device)
        .queue.onSubmittedWorkDone()
        .then(() => events.push('idle'));
      const { state, summed } = await done;
      params = state;
      const sums = events.filter((event) => event.startsWith('sum'));
      expect(sums).toEqual(['sum 4', ...Array(4).fill(`sum ${PIECE}`)]);
      const copied = events.indexOf(`copy ${PIECE}`);
      const handedOver = events.indexOf('submit', copied);
      expect(handedOver).toBeGreaterThan(copied);
      expect(events.lastIndexOf('kernel')).toBeGreaterThan(handedOver);
      const idle = events.indexOf('idle');
      travelled ||= call > 0 && (idle < 0 || events.indexOf(`sum ${PIECE}`) < idle);
      for (const t of tensorsOf(summed)) t.dispose();
    }
    expect(travelled).toBe(true);
    step.dispose();
    device.destroy();
  });
});
