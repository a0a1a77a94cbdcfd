import { describe, expect, test } from 'vitest';
import { valueAndGrad } from '../src/autograd/grad.js';
import { sum } from '../src/kernels/reduction/sum.js';
import { adam, adamW, sgd } from '../src/nn/optim.js';
import { couplingFlow } from '../src/rle/flows/couplingFlow.js';
import { realNvp } from '../src/rle/flows/realNvp.js';
import { additive } from '../src/rle/flows/transforms.js';
import { rle } from '../src/rle/rle.js';
import { packParameters } from '../src/tensor/arena.js';
import { cpu } from '../src/tensor/cpu.js';
import { device as openDevice } from '../src/tensor/device.js';
import { webgpu } from '../src/tensor/webgpu.js';

const device = cpu();
const ones = () => device.tensor([[[1, 1]]]);
/** Options as a program without types passes them. */
const loose = (options: object) => options as never;

describe('a misspelt name is refused, with the names there are', () => {
  const prediction = { mu: ones(), logit: ones() };
  const target = ones();

  test.each<[name: string, call: () => unknown, message: RegExp]>([
    [
      'rle',
      () => rle(prediction, { target }, loose({ desgin: 'direct' })),
      /^rle: no option is named 'desgin'; there are flow, params, design, /,
    ],
    [
      'labels',
      () => rle(prediction, loose({ target, weights: target })),
      /^rle: no part of labels is named 'weights'; there are target, weight$/,
    ],
    [
      'a prediction',
      () => rle(loose({ mu: ones(), logits: ones() }), { target }),
      /^rle: no part of a prediction is named 'logits'; there are mu, logit$/,
    ],
    ['valueAndGrad', () => valueAndGrad(sum, loose({ auxx: true })), /^valueAndGrad: .* 'auxx'; there are seed, aux$/],
    ['realNvp', () => realNvp(loose({ dims: 2, hiden: 8 })), /^realNvp: no option is named 'hiden'; there are dims, /],
    ['realNvp of joints', () => realNvp(loose({ dims: 2, joints: 3 })), /^realNvp: no option is named 'joints'/],
    [
      'couplingFlow',
      () => couplingFlow(loose({ dims: 2, transform: additive, scaleBound: 2 })),
      /^couplingFlow: no option is named 'scaleBound'; there are dims, transform, /,
    ],
    [
      'a name that every object has',
      () => realNvp(loose({ dims: 2, toString: 1 })),
      /^realNvp: no option is named 'toString'/,
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test.each([
    ['device', openDevice],
    ['webgpu', webgpu],
  ])('%s', async (name, open) => {
    const message = `${name}: no option is named 'quite'; there are memoryLimit, assume, onCompile, quiet`;
    await expect(open(loose({ quite: true }))).rejects.toThrow(message);
  });

  test.each(Object.entries({ adam, adamW, sgd }))('%s', (name, { init, step }) => {
    const make = () => packParameters({ w: device.tensor([1, 2]) });
    expect(() => init(make(), loose({ EMA: true }))).toThrow(
      `${name}.init: no option is named 'EMA'; there are ema, lossScale`,
    );
    const params = make();
    const state = init(params, { ema: true }) as never;
    const ema = { decay: 0.9 };
    const update = (options: object) => () => step(params, { w: device.tensor([1, 1]) }, state, loose(options));
    expect(update({ lr: 1, ema, weightdecay: 1 })).toThrow(
      `${name}.step: no option is named 'weightdecay'; there are lr,`,
    );
    expect(update({ lr: 1, ema: { ...ema, warmup: true } })).toThrow(
      `${name}.step: no option of ema is named 'warmup'; there are decay, warmUp`,
    );
    expect(update({ lr: 1, ema, groups: [{ match: /w/, weightdecay: 1 }] })).toThrow(
      "parameter group /w/: no rule is named 'weightdecay'; there are match, lrScale, weightDecay, frozen",
    );
    expect(update({ lr: 1, ema, groups: [{ match: /w/, weightDecay: 1 }] })).not.toThrow();
  });
});
