import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad, valueAndGrad } from '../../src/autograd/grad.js';
import { globalAveragePool } from '../../src/kernels/pool/globalAveragePool.js';
import * as conv2d from '../../src/nn/conv2d.js';
import * as resnet from '../../src/nn/resnet.js';
import { namedTensors, parameterCount } from '../../src/nn/tree.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import * as regressor from '../../src/rle/regressor.js';
import { rle } from '../../src/rle/rle.js';

import { Rng } from '../../src/tensor/rng.js';
import { sizeOf } from '../../src/tensor/shape.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { sharedGpu, withGpu } from '../adapter.js';
import { BACKENDS } from '../backends.js';
import { expectClose, expectCloseInNorm, norm, values } from '../numbers.js';
import {
  GPU_GRADIENT_RELATIVE,
  GPU_LOSS_RELATIVE,
  REFERENCE_RELATIVE,
  RESNET50_FLOAT32,
  WELL_CONDITIONED,
} from '../tolerance.js';
import { cutAlike, expectGradients, observeCuts } from './cutAlike.js';
import { type GoldenModel, goldenModel, goldenName, type RegressorGolden, toNchw } from './torchRegressor.js';

const FLOW = realNvp({ dims: 2 });

const { regressor: goldens } = JSON.parse(
  readFileSync(new URL('../golden/torch_golden.json', import.meta.url), 'utf8'),
) as { readonly regressor: readonly RegressorGolden[] };

/** Mean, standard deviation (n - 1) and the first six values in PyTorch's order. */
async function statistics(t: Tensor) {
  const all = await values(t);
  const mean = all.reduce((a, b) => a + b) / all.length;
  const std = Math.sqrt(all.reduce((s, v) => s + (v - mean) ** 2, 0) / (all.length - 1));
  const inOrder = t.rank === 4 ? Array.from(toNchw(all, t.shape)) : all;
  return { mean, std, first: inOrder.slice(0, 6) };
}

/** The training pass stage by stage, named as the golden names them. */
function stages({ params, state, images }: GoldenModel): Map<string, Tensor> {
  const mode = { training: true };
  const { preact } = params;
  const outputs = new Map([['conv1', conv2d.apply(preact.conv1, images, { stride: 2, padding: 3 })]]);
  let [h] = resnet.stem(preact, state.preact, images, mode);
  outputs.set('maxpool', h);
  for (const name of resnet.STAGES) {
    [h] = resnet.stage(name, preact[name], state.preact[name], h, mode);
    outputs.set(name, h);
  }
  return outputs.set('avgpool', globalAveragePool(h));
}

describe.each(goldens)('the RLE regressor on ResNet-$depth', (golden) => {
  describe.each(BACKENDS)('$name', ({ open, tolerance }) => {
    const ofValues = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);
    const ofLoss = tolerance(REFERENCE_RELATIVE, GPU_LOSS_RELATIVE);

    test('evaluates to the same coordinates and logits', async () => {
      const model = goldenModel(await open(), golden);
      expect(parameterCount(model.params)).toBe(golden.n_params);
      const [{ mu, logit }] = regressor.apply(model.params, model.state, model.images, { training: false });
      expectCloseInNorm(await values(mu), golden.eval.mu, ofValues, 'mu');
      expectCloseInNorm(await values(logit), golden.eval.sigma_logit, ofValues, 'logit');
    });

    test('has the same activations after every stage in training', async () => {
      for (const [name, output] of stages(goldenModel(await open(), golden))) {
        const want = golden.train.stages[name];
        const got = await statistics(output);
        const allowed = { absolute: ofValues * want.std };
        expectClose([got.mean], [want.mean], allowed, `${name}: mean`);
        expectClose([got.std], [want.std], allowed, `${name}: deviation`);
        expectClose(got.first, want.first, { absolute: 4 * ofValues * want.std }, `${name}: first values`);
      }
    });

    test('has the same loss, gradients and running statistics after a step', async () => {
      const device = await open();
      const trained = (on: Device) => {
        const { params, state, images, labels } = goldenModel(on, golden);
        const step = valueAndGrad(
          (p: regressor.RegressorParams) => {
            const [prediction, next] = regressor.apply(p, state, images, { training: true });
            return [
              rle(prediction, labels, { flow: FLOW, params: p.flow, variant: 'official' }),
              { prediction, next },
            ] as const;
          },
          { aux: true },
        );
        return step(params);
      };
      const [[[loss, { prediction, next }], gradient], cuts] = await observeCuts(() => trained(device));
      expectClose([await loss.item()], [golden.loss], { relative: ofLoss }, 'loss');
      expectCloseInNorm(await values(prediction.mu), golden.train.mu, ofValues, 'mu');
      expectCloseInNorm(await values(prediction.logit), golden.train.sigma_logit, ofValues, 'logit');

      const named = namedTensors(gradient);
      expect([...named.keys()].map(goldenName)).toEqual(Object.keys(golden.grad_norm));
      if (device.kind === 'webgpu' && golden.depth === 50) {
        await expectGradients(named, namedTensors(trained(cutAlike(cuts))[1]), RESNET50_FLOAT32);
      } else {
        for (const [path, g] of named) {
          const want = golden.grad_norm[goldenName(path)];
          expectClose([norm(await g.data())], [want], { relative: ofValues, absolute: 1e-6 * ofValues }, path);
        }
      }

      expectClose(await values(next.preact.bn1.running_mean), golden.bn1_running.mean, { absolute: ofValues }, 'bn1');
      expectClose(await values(next.preact.bn1.running_var), golden.bn1_running.var, { absolute: ofValues }, 'bn1');
      const running = namedTensors(next);
      expect([...running.keys()].sort()).toEqual(Object.keys(golden.running_norm_after_1_step).sort());
      for (const [path, t] of running) {
        const want = golden.running_norm_after_1_step[path];
        expectClose([norm(await t.data())], [want], { relative: ofValues }, path);
      }
    }, 240_000); // two passes of ResNet-50 at full width
  });
});

describe.runIf(withGpu)('a narrow ResNet-50 on the GPU', () => {
  test('has the gradients of the reference, element by element', async () => {
    const gradients = (device: Device) => {
      const { params, state } = regressor.init(new Rng(5), device, { depth: 50, width: 4, stem: 3, joints: 3 });
      const rng = new Rng(6);
      const draw = (shape: number[], scale: number) =>
        device.tensor(
          Float32Array.from({ length: sizeOf(shape) }, () => rng.normal() * scale),
          shape,
        );
      const images = draw([6, 96, 96, 3], 1);
      const target = draw([6, 3, 2], 0.2);
      const loss = (p: regressor.RegressorParams) => {
        const [prediction] = regressor.apply(p, state, images, { training: true });
        return rle(prediction, { target }, { flow: FLOW, params: p.flow, variant: 'official' });
      };
      return namedTensors(grad(loss)(params));
    };
    const device = await sharedGpu();
    const [got, cuts] = await observeCuts(() => gradients(device));
    await expectGradients(got, gradients(cutAlike(cuts)), WELL_CONDITIONED);
  });
});
