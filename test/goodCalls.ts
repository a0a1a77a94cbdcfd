import * as wgrad from '../src/index.js';
import * as nn from '../src/nn/index.js';
import * as rle from '../src/rle/index.js';
import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import { sizeOf } from '../src/tensor/shape.js';
import type { Tensor } from '../src/tensor/tensor.js';

type Args = readonly unknown[];
export type Loose = (...args: Args) => unknown;

export const device = cpu();

const t = (...shape: number[]) =>
  device.tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => 0.1 * (i + 1)),
    shape,
  );
const rng = () => new Rng(1);
const bn = () => nn.batchNorm.init(device, 2);
const flow = rle.realNvp({ dims: 2, couplings: 2, hidden: 8 });
const flowParams = () => flow.init(rng(), device);
const prediction = () => ({ mu: t(2, 3, 2), logit: t(2, 3, 2) });
const labels = () => ({ target: t(2, 3, 2), weight: t(2, 3, 1) });
const packed = () => wgrad.packParameters({ w: t(4) });

const adamStep = (options: never) => {
  const params = packed();
  return nn.adam.step(params, { w: t(4) }, nn.adam.init(params), options);
};
const sgdStep = (options: never) => {
  const params = packed();
  return nn.sgd.step(params, { w: t(4) }, nn.sgd.init(params), options);
};

type Row = readonly [name: string, f: Loose, args: () => Args];
const rows = (list: readonly (readonly [name: string, f: unknown, args: () => Args])[]) => list as readonly Row[];

/** Good calls of functions that are composed of ops. */
export const OPS = rows([
  ['full', wgrad.full, () => [device, { shape: [2], value: 1, dtype: 'float32' }]],
  ['randomUniform', wgrad.randomUniform, () => [device, rng(), { shape: [2] }]],
  ['randomNormal', wgrad.randomNormal, () => [device, rng(), { shape: [2] }]],
  ['dropout', wgrad.dropout, () => [t(2, 3), rng(), { p: 0.5, stream: 0 }]],
  ['where', wgrad.where, () => [device.tensor(Uint32Array.of(1, 0)), t(2), t(2)]],
  ['oneHot', wgrad.oneHot, () => [device.tensor(Int32Array.of(1, 0)), { classes: 3 }]],
  ['concat', wgrad.concat, () => [[t(2), t(2)], { axis: 0 }]],
  ['stack', wgrad.stack, () => [[t(2), t(2)], { axis: 0 }]],
  ['reshape', wgrad.reshape, () => [t(2, 3), { shape: [6] }]],
  ['expandDims', wgrad.expandDims, () => [t(2, 3), { axis: 0 }]],
  ['squeeze', wgrad.squeeze, () => [t(2, 1), { axes: [1] }]],
  ['globalAveragePool', wgrad.globalAveragePool, () => [t(1, 2, 2, 3)]],
  ['conv1d', wgrad.conv1d, () => [t(1, 5, 2), t(3, 2, 4), t(4), { stride: 1, padding: 0, dilation: 1, groups: 1 }]],
  [
    'convTranspose2d',
    wgrad.convTranspose2d,
    () => [t(1, 3, 3, 2), t(2, 2, 4, 2), { stride: 2, padding: 0, dilation: 1, outputPadding: 0, groups: 1 }],
  ],
  ['stopGradient', wgrad.stopGradient, () => [t(2)]],
  [
    'crossEntropy',
    nn.crossEntropy,
    () => [
      t(2, 3),
      device.tensor(Int32Array.of(0, 2)),
      { axis: -1, labelSmoothing: 0.1, ignoreIndex: 2, reduction: 'mean' },
    ],
  ],
  [
    'groupNorm',
    (x: Tensor, o: never) => nn.groupNorm.apply({ weight: t(4), bias: t(4) }, x, o),
    () => [t(1, 3, 4), { groups: 2, eps: 1e-5 }],
  ],
  [
    'layerNorm',
    (x: Tensor, o: object) => nn.layerNorm.apply({ weight: t(4), bias: t(4) }, x, o),
    () => [t(3, 4), { eps: 1e-5 }],
  ],
  ['upsampleNearest', nn.upsampleNearest, () => [t(1, 2, 2, 1), 2]],
]);

/** Good calls of functions with options, which come last and are given whole. */
export const LAYERS = rows([
  ['packParameters', wgrad.packParameters, () => [{ a: t(2), b: [t(3)] }]],
  [
    'batchNorm',
    nn.batchNorm.apply,
    () => [
      bn().params,
      bn().state,
      t(3, 2),
      { training: true, momentum: 0.1, eps: 1e-5, residual: t(3, 2), activation: 'relu' },
    ],
  ],
  [
    'batchNorm',
    nn.batchNorm.apply,
    () => [bn().params, bn().state, t(3, 2), { training: false, residual: t(3, 2), activation: 'relu6' }],
  ],
  ['conv1d.init', nn.conv1d.init, () => [rng(), device, { inputs: 2, outputs: 4, kernel: 3, groups: 1, bias: true }]],
  ['conv1d', nn.conv1d.apply, () => [{ weight: t(3, 2, 4), bias: t(4) }, t(1, 5, 2), { stride: 1 }]],
  ['conv2d.init', nn.conv2d.init, () => [rng(), device, { inputs: 2, outputs: 4, kernel: 3, groups: 1, bias: true }]],
  ['conv2d', nn.conv2d.apply, () => [{ weight: t(1, 1, 2, 4), bias: t(4) }, t(1, 5, 2, 2), { stride: 1 }]],
  [
    'convTranspose2d.init',
    nn.convTranspose2d.init,
    () => [rng(), device, { inputs: 2, outputs: 4, kernel: 3, groups: 1, bias: true }],
  ],
  [
    'convTranspose2d',
    nn.convTranspose2d.apply,
    () => [{ weight: t(1, 1, 2, 4), bias: t(2) }, t(1, 5, 2, 4), { stride: 1 }],
  ],
  [
    'convNorm',
    nn.convNorm.apply,
    () => [
      { weight: t(1, 1, 3, 2) },
      bn().params,
      bn().state,
      t(1, 4, 4, 3),
      { stride: 1 },
      { training: false, activation: 'relu' },
    ],
  ],
  ['convUnit.init', nn.convUnit.init, () => [rng(), device, { inputs: 2, outputs: 4, kernel: 3 }]],
  ['linear.init', nn.linear.init, () => [rng(), device, { inputs: 2, outputs: 3, bias: true }]],
  ['mlp.init', nn.mlp.init, () => [rng(), device, { sizes: [2, 3, 1] }]],
  ['resnet.init', nn.resnet.init, () => [rng(), device, { depth: 18, width: 2, stem: 3, weights: 'torch' }]],
  ['stepDecay', nn.stepDecay, () => [1, { milestones: [2, 3], gamma: 0.1 }]],
  ['cosine', nn.cosine, () => [1, { steps: 3, floor: 0 }]],
  ['warmUp', nn.warmUp, () => [nn.cosine(1, { steps: 9 }), { steps: 3, start: 0.1 }]],
  ['adam.init', nn.adam.init, () => [packed(), { ema: true, lossScale: 8 }]],
  ['sgd.init', nn.sgd.init, () => [packed(), { ema: true, lossScale: 8 }]],
  [
    'adam.step',
    adamStep,
    () => [{ lr: 0.1, weightDecay: 0, groups: [{ match: /w/ }], clipNorm: 1, betas: [0.9, 0.99], eps: 1e-8 }],
  ],
  [
    'sgd.step',
    sgdStep,
    () => [
      { lr: 0.1, weightDecay: 0, groups: [{ match: /w/ }], clipNorm: 1, momentum: 0.9, dampening: 0, nesterov: true },
    ],
  ],
  [
    'rle',
    rle.rle,
    () => [
      prediction(),
      labels(),
      {
        flow,
        params: flowParams(),
        design: 'residual',
        q: 'laplace',
        variant: 'paper',
        scale: 'sigmoid',
        sigmaFloor: 1e-5,
        logS: 'jitteredGrid',
        rng: rng(),
        reach: 7,
        pointsPerAxis: 5,
        errorScale: t(3, 2),
        jointWeights: t(3),
      },
    ],
  ],
  ['errorsOf', rle.errorsOf, () => [prediction(), labels(), { scale: 'sigmoid', sigmaFloor: 1e-5 }]],
  [
    'runningErrorScale',
    rle.runningErrorScale,
    () => [t(3, 2), prediction(), labels(), { decay: 0.9, scale: 'sigmoid' }],
  ],
  ['sigmaOf', rle.sigmaOf, () => [t(2, 3, 2), { scale: 'sigmoid', sigmaFloor: 1e-5 }]],
  ['head.init', rle.head.init, () => [rng(), device, { inputs: 4, joints: 3, dims: 2, weights: 'official' }]],
  [
    'head',
    rle.head.apply,
    () => [rle.head.init(rng(), device, { inputs: 4, joints: 3 }), t(2, 4), { normalise: true, dims: 2 }],
  ],
  ['regressor.init', rle.regressor.init, () => [rng(), device, { joints: 3, dims: 2, width: 2, flow: {} }]],
  [
    'realNvp',
    rle.realNvp,
    () => [
      {
        dims: 2,
        couplings: 2,
        hidden: 8,
        hiddenLayers: 2,
        masks: [
          [0, 1],
          [1, 0],
        ],
        weights: 'torch',
        base: 'gaussian',
        scaleBound: 1,
      },
    ],
  ],
  [
    'couplingFlow',
    rle.couplingFlow,
    () => [
      {
        dims: 2,
        transform: rle.additive,
        couplings: 2,
        hidden: 8,
        hiddenLayers: 2,
        masks: [
          [0, 1],
          [1, 0],
        ],
        weights: 'torch',
        base: 'gaussian',
        joints: 3,
        embedding: 4,
      },
    ],
  ],
  ['affineFlow', rle.affineFlow, () => [{ dims: 2, joints: 3, base: 'gaussian' }]],
  ['rationalQuadratic', rle.rationalQuadratic, () => [{ bins: 4, bound: 3 }]],
  ['unitVariance', rle.unitVariance, () => [rle.affineFlow({ dims: 2 }), { draws: 16, seed: 0 }]],
  [
    'logSNodes',
    rle.logSNodes,
    () => ['jitteredGrid', flow, device, { rng: rng(), q: 'laplace', reach: 7, pointsPerAxis: 5 }],
  ],
  [
    'calibrated',
    rle.calibrated,
    () => [prediction(), rle.errorMoments(t(5, 3, 2)), { scale: 'sigmoid', errorScale: t(3, 2) }],
  ],
  ['checkLabels', rle.checkLabels, () => [[1, 2], [1], [1, 1, 2], { joints: ['nose'] }]],
]);
