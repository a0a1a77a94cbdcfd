import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { valueAndGrad } from '../../src/autograd/grad.js';
import { adam } from '../../src/nn/optim.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import type { Labels } from '../../src/rle/prediction.js';
import * as regressor from '../../src/rle/regressor.js';
import { rle } from '../../src/rle/rle.js';
import { packParameters } from '../../src/tensor/arena.js';

import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { BACKENDS } from '../backends.js';
import { GPU_LOSS_RELATIVE, REFERENCE_TRAJECTORY } from '../tolerance.js';
import { goldenModel, type RegressorGolden } from './torchRegressor.js';

const FLOW = realNvp({ dims: 2 });

const { regressor: goldens } = JSON.parse(
  readFileSync(new URL('../golden/torch_golden.json', import.meta.url), 'utf8'),
) as { readonly regressor: readonly RegressorGolden[] };
const golden = goldens[0];
const float64 = golden['adam_1e-3_losses_float64']!;
const float32 = golden['adam_1e-3_losses_float32']!;

/** After some eight steps PyTorch's own float32 and float64 part. */
const STEPS = 6;

/** The losses of Adam's first steps, each before its update. */
async function trajectory(device: Device): Promise<number[]> {
  const model = goldenModel(device, golden);
  const gradient = valueAndGrad(
    (p: regressor.RegressorParams, s: regressor.RegressorState, images: Tensor, labels: Labels) => {
      const [prediction, next] = regressor.apply(p, s, images, { training: true });
      return [rle(prediction, labels, { flow: FLOW, params: p.flow, variant: 'official' }), next] as const;
    },
    { aux: true },
  );
  let params = packParameters(model.params);
  let { state } = model;
  let memory = adam.init(params);
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const [[loss, next], gradients] = gradient(params, state, model.images, model.labels);
    losses.push(await loss.item());
    state = next;
    [params, memory] = adam.step(params, gradients, memory, { lr: 1e-3 });
  }
  return losses;
}

describe.each(BACKENDS)('training the RLE regressor on ResNet-18 on $name', ({ open, tolerance }) => {
  test("follows PyTorch's first six steps of Adam", async () => {
    const losses = await trajectory(await open());
    losses.forEach((loss, i) => {
      const gap = Math.abs(float32[i] - float64[i]);
      const allowed = tolerance(REFERENCE_TRAJECTORY * float64[i], 10 * gap + GPU_LOSS_RELATIVE * float64[i]);
      expect(Math.abs(loss - float64[i]), `step ${i}: got ${loss}, expected ${float64[i]}`).toBeLessThanOrEqual(
        allowed,
      );
    });
  });
});
