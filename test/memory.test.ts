import { describe, expect, test } from 'vitest';
import { checkpoint } from '../src/autograd/checkpoint.js';
import { valueAndGrad } from '../src/autograd/grad.js';
import type { OpObserver } from '../src/autograd/observer.js';
import { randomUniform } from '../src/kernels/creation/random.js';
import { mul, sub } from '../src/kernels/elementwise/arithmetic.js';
import { abs } from '../src/kernels/elementwise/unary.js';
import { globalAveragePool } from '../src/kernels/pool/globalAveragePool.js';
import { mean } from '../src/kernels/reduction/mean.js';
import * as batchNorm from '../src/nn/batchNorm.js';
import * as conv2d from '../src/nn/conv2d.js';
import * as linear from '../src/nn/linear.js';
import { adam } from '../src/nn/optim.js';
import type { Allocation } from '../src/tensor/allocation.js';
import { packParameters } from '../src/tensor/arena.js';
import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import { scope } from '../src/tensor/scope.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { tensorsOf } from '../src/tensor/tree.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { allCases } from '../src/testing/registry.js';
import { BACKENDS } from './backends.js';
import { regressorTraining, type Training } from './models/regressorTraining.js';

const definitions = new Map(allCases.map(({ op }) => [op.def.name, op.def]));

/**
 * The memory that a gradient cannot do without, found without the tape: of each op that a parameter reaches, what its
 * definition says that the VJP reads.
 */
function keptBy(params: unknown): { readonly observer: OpObserver; readonly memory: Set<Allocation> } {
  const reached = new Set(tensorsOf(params).map(({ id }) => id));
  const memory = new Set<Allocation>();
  const observer: OpObserver = (name, inputs, outputs) => {
    const definition = definitions.get(name);
    expect(definition, name).toBeDefined();
    if (!definition?.vjp || !inputs.some(({ id }) => reached.has(id))) return;
    for (const y of outputs) if (y.dtype === 'float32') reached.add(y.id);
    const { keep } = definition;
    for (const x of keep?.inputs?.map((i) => inputs[i]) ?? inputs) memory.add(x.allocation);
    for (const i of keep?.outputs ?? []) memory.add(outputs[i].allocation);
  };
  return { observer, memory };
}

const allocationsOf = (tree: unknown) => tensorsOf(tree).map(({ allocation }) => allocation);

describe.each(BACKENDS)('memory on $name', ({ name }) => {
  const isGpu = name === 'GPU';
  const open = async () => (isGpu ? webgpu() : cpu());
  const sumOf = (memory: Iterable<Allocation>) =>
    [...new Set(memory)].reduce((bytes, { length }) => bytes + (isGpu ? 4 : 8) * length, 0);

  test.each([
    ['large images', isGpu ? { width: 8, side: 96, batch: 8 } : { width: 2, side: 64, batch: 3 }],
    ['many parameters', isGpu ? { width: 32, side: 32, batch: 2 } : { width: 4, side: 32, batch: 2 }],
  ])('a step of ResNet-18 and RLE peaks within 1.2 times what it must keep: %s', async (_, size) => {
    const device = await open();
    const { start, step } = regressorTraining(device, size);
    let training: Training = start;
    for (let k = 0; k < 2; k++) {
      const { observer, memory } = keptBy(training.params);
      const result = step(training, { observer });
      training = result.training;
      const { length } = training.params.preact.conv1.weight.allocation;
      const gradients = (isGpu ? 4 : 8) * length;
      const needed = sumOf([...memory, ...allocationsOf(training)]) + gradients;
      const { peakBytes } = device.memory();
      expect(needed).toBeGreaterThan(3 * gradients);
      expect(peakBytes / needed, `${peakBytes} bytes at the peak, ${needed} needed`).toBeLessThanOrEqual(1.2);
      await result.loss.item();
    }
    device.destroy();
  });

  test('2,000 steps hold no byte more than ten', async () => {
    const device = await open();
    const rng = new Rng(1);
    const norm = batchNorm.init(device, 4);
    let params = packParameters({
      conv: conv2d.init(rng, device, { inputs: 3, outputs: 4, kernel: 3, bias: false }),
      norm: norm.params,
      head: linear.init(rng, device, { inputs: 4, outputs: 2 }),
    });
    let state = norm.state;
    let optimizer = adam.init(params, { ema: true });
    const images = randomUniform(device, rng, { shape: [2, 4, 3, 3] });
    const block = checkpoint((p: batchNorm.BatchNormParams, s: batchNorm.BatchNormState, h: Tensor) => {
      const [y, next] = batchNorm.apply(p, s, h, { training: true, activation: 'relu' });
      return [mul(y, randomUniform(device, rng, { shape: y.shape })), next] as const;
    });
    const differentiate = valueAndGrad(
      (p: typeof params, s: batchNorm.BatchNormState) => {
        const [h, next] = block(p.norm, s, conv2d.apply(p.conv, images, { padding: 1 }));
        return [mean(abs(sub(linear.apply(p.head, globalAveragePool(h)), 0.7))), next] as const;
      },
      { aux: true },
    );
    const counts: object[] = [];
    for (let k = 1; k <= 2000; k++) {
      const loss = scope(() => {
        const [[value, next], gradients] = differentiate(params, state);
        state = next;
        [params, optimizer] = adam.step(params, gradients, optimizer, { lr: 1e-3 / k, ema: { decay: 0.99 } });
        return { value, params, state, optimizer };
      });
      if (k % 100 === 0 || k === 10) await loss.value.item();
      loss.value.dispose();
      if (k === 10 || k === 2000) {
        const { pipelines, bindGroups } = device.stats();
        counts.push({ ...device.memory(), pipelines, bindGroups });
      }
    }
    expect(counts[1]).toEqual(counts[0]);
    device.destroy();
  });
});
