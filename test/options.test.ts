import { describe, expect, test } from 'vitest';
import { capture } from '../src/autograd/capture.js';
import { grad, valueAndGrad } from '../src/autograd/grad.js';
import { sum } from '../src/kernels/reduction/sum.js';
import * as nn from '../src/nn/index.js';
import { adam, adamW, sgd } from '../src/nn/optim.js';
import { couplingFlow } from '../src/rle/flows/couplingFlow.js';
import { realNvp } from '../src/rle/flows/realNvp.js';
import { additive } from '../src/rle/flows/transforms.js';
import { rle } from '../src/rle/rle.js';
import { packParameters } from '../src/tensor/arena.js';
import { cpu } from '../src/tensor/cpu.js';
import { device as openDevice } from '../src/tensor/device.js';
import { Rng } from '../src/tensor/rng.js';
import { webgpu } from '../src/tensor/webgpu.js';

const { conv1d, conv2d, convTranspose2d } = nn;
const device = cpu();
const rng = new Rng(1);
const ones = () => device.tensor([[[1, 1]]]);
/** Options as a program without types passes them. */
const loose = (options: object) => options as never;

/** A step that hands its state back. */
const keep = <S, B>(state: S, batch: B) => ({ state, batch });

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
      'mlp.init',
      () => nn.mlp.init(rng, device, loose({ sizes: [3, 2], bias: false })),
      /^mlp.init: no option is named 'bias'; there are sizes, weightInit$/,
    ],
    [
      'linear.init',
      () => nn.linear.init(rng, device, loose({ in: 3, out: 2 })),
      /^linear.init: no option is named 'in'; there are inputs, outputs, bias, weightInit$/,
    ],
    ...Object.entries({ conv1d, conv2d, convTranspose2d }).map(([name, { init }]): [string, () => unknown, RegExp] => [
      `${name}.init`,
      () => init(rng, device, loose({ inputs: 3, outputs: 2, kernel: 3, strid: 1 })),
      new RegExp(`^${name}.init: no option is named 'strid'; there are inputs, .*, kernel, groups$`),
    ]),
    [
      'resnet.init',
      () => nn.resnet.init(rng, device, loose({ widht: 4 })),
      /^resnet.init: no option is named 'widht'; there are depth, width, stem, weights$/,
    ],
    [
      'stepDecay',
      () => nn.stepDecay(0.1, loose({ milestones: [2], gama: 0.5 })),
      /^stepDecay: no option is named 'gama'; there are milestones, gamma$/,
    ],
    ['cosine', () => nn.cosine(0.1, loose({ steps: 2, flor: 0 })), /^cosine: .* 'flor'; there are steps, floor$/],
    ['warmUp', () => nn.warmUp(() => 1, loose({ steps: 2, begin: 0 })), /^warmUp: .* 'begin'; there are steps, start$/],
    [
      'groupNorm',
      () => nn.groupNorm.apply(nn.groupNorm.init(device, 4), device.zeros([1, 2, 4]), loose({ group: 2 })),
      /^groupNorm: no option is named 'group'; there are groups, eps$/,
    ],
    ['capture', () => capture(keep, loose({ recording: 2 })), /^capture: .* 'recording'; there are recordings$/],
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

describe('a value that makes no sense is refused', () => {
  test.each<[name: string, call: () => unknown, message: RegExp]>([
    [
      'a network of one size',
      () => nn.mlp.init(rng, device, { sizes: [3] }),
      /^mlp.init: sizes are \[3\], expected two/,
    ],
    ['no recordings', () => capture(keep, { recordings: 0 }), /^capture: recordings is 0, expected 1 or more$/],
    [
      'no options where one is wanted',
      () => nn.groupNorm.apply(nn.groupNorm.init(device, 4), device.zeros([1, 2, 4]), undefined as never),
      /^groupNorm: the options are undefined, expected a record$/,
    ],
    ...[2, -0.1, Number.NaN].map((momentum): [string, () => unknown, RegExp] => [
      `a momentum of ${momentum}`,
      () => {
        const { params, state } = nn.batchNorm.init(device, 4);
        return nn.batchNorm.apply(params, state, device.zeros([3, 4]), { training: true, momentum });
      },
      new RegExp(`^batchNorm.apply: momentum is ${momentum}, expected 0 to 1, or null$`),
    ]),
    ['more numbers than there is memory', () => device.zeros([1e12]), /^cpu: no memory for 1000000000000 numbers$/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('a step of an optimiser inside grad, which would have gradient 0', () => {
    const params = packParameters({ a: device.tensor([1, 2]) });
    const state = adam.init(params);
    const step = grad((x: never) => sum(adam.step(params, { a: x }, state, { lr: 0.1 })[0].a));
    expect(() => step(device.tensor([1, 1]) as never)).toThrow(
      'adam.step: called inside grad or valueAndGrad; a step has no derivative',
    );
    expect(() => adam.step(params, { a: device.tensor([1, 1]) }, state, { lr: 0.1 })).not.toThrow();
  });
});
