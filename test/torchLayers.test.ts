import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { vjp } from '../src/autograd/grad.js';
import * as k from '../src/kernels/index.js';
import * as conv1d from '../src/nn/conv1d.js';
import { crossEntropy } from '../src/nn/crossEntropy.js';
import * as groupNorm from '../src/nn/groupNorm.js';
import * as layerNorm from '../src/nn/layerNorm.js';

import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { gradcheck } from '../src/testing/gradcheck.js';
import { gradientTolerance, kernelTolerance } from '../src/testing/tolerance.js';
import { BACKENDS } from './backends.js';
import { expectClose, flat, type Nested, shapeOf, values } from './numbers.js';
import { REFERENCE_RELATIVE } from './tolerance.js';

interface TorchCase {
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Nested>>;
  readonly y: Nested;
  readonly cotangent: Nested;
  readonly grads: Readonly<Record<string, Nested>>;
}

interface Golden {
  readonly one_hot: { readonly index: Nested; readonly y: Nested };
  readonly cases: readonly TorchCase[];
}

const { cases, one_hot } = JSON.parse(readFileSync(new URL('golden/layers.json', import.meta.url), 'utf8')) as Golden;

type Inputs = Readonly<Record<string, Tensor>>;
type Run = (inputs: Inputs, attrs: Readonly<Record<string, unknown>>) => Tensor;

const integers = (device: Device, nested: unknown) => device.tensor(nested as Nested, undefined, 'int32');

// PyTorch has the channels second; the ops inside of the function take gradients back to its layouts.
const last = (x: Tensor) => k.permute(x, { order: [0, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 2), 1] });
const second = (x: Tensor) =>
  k.permute(x, { order: [0, x.rank - 1, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 1)] });

const RUN: Readonly<Record<string, Run>> = {
  cross_entropy({ logits }, { target, soft, reduction, label_smoothing }) {
    const { device } = logits;
    const options = { axis: 1, reduction: reduction as 'mean', labelSmoothing: label_smoothing as number };
    const scores = k.mul(logits, 3);
    if (soft) return crossEntropy(scores, device.tensor(soft as Nested), options);
    return crossEntropy(scores, integers(device, target), { ...options, ignoreIndex: -100 });
  },
  layer_norm: ({ x, weight, bias }, { eps }) => layerNorm.apply({ weight, bias }, x, { eps: eps as number }),
  group_norm({ x, weight, bias }, { groups }) {
    const y = groupNorm.apply({ weight, bias }, x.rank > 2 ? last(x) : x, { groups: groups as number });
    return x.rank > 2 ? second(y) : y;
  },
  interpolate({ x }, { size, align_corners }) {
    return second(
      k.resizeBilinear(last(x), { size: size as [number, number], alignCorners: align_corners as boolean }),
    );
  },
  conv1d: ({ x, weight, bias }, attrs) =>
    second(conv1d.apply({ weight: k.permute(weight, { order: [2, 1, 0] }), bias }, last(x), attrs)),
  var: ({ x }, { dim, unbiased }) => k.variance(x, { axes: dim as number[], correction: unbiased ? 1 : 0 }),
  gather: ({ x }, { dim, index }) => k.takeAlongAxis(x, integers(x.device, index), { axis: dim as number }),
  embedding: ({ weight }, { index }) => k.gather(weight, integers(weight.device, index)),
};

test('the golden has every op that is run', () => {
  expect(new Set(cases.map(({ op }) => op))).toEqual(new Set(Object.keys(RUN)));
});

describe.each(BACKENDS)('PyTorch on $name', ({ open, tolerance }) => {
  const relative = tolerance(REFERENCE_RELATIVE, gradientTolerance(kernelTolerance(500)).relative);

  test.each(cases.map((c, i) => [i, c.op, c] as const))(
    '%i %s',
    async (_, op, { attrs, inputs, y, cotangent, grads }) => {
      const device = await open();
      const at = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, device.tensor(x)]));
      const [value, gradient] = vjp((x: Inputs) => RUN[op](x, attrs), at, device.tensor(cotangent));
      expect(value.shape).toEqual(shapeOf(y));
      expectClose(await values(value), y, { relative, absolute: relative }, 'value');
      for (const [name, g] of Object.entries(grads)) {
        expectClose(await values(gradient[name]), g, { relative, absolute: relative }, `gradient of ${name}`);
      }
    },
  );

  test('one_hot, and zeros for what is no class', async () => {
    const device = await open();
    const y = k.oneHot(integers(device, one_hot.index), { classes: 5 });
    expect(y.shape).toEqual(shapeOf(one_hot.y));
    expect(await values(y)).toEqual(flat(one_hot.y));
    expect(await values(k.oneHot(integers(device, [-1, 1, 2]), { classes: 2 }))).toEqual([0, 0, 0, 1, 0, 0]);
  });
});

describe('second derivatives agree with differences', () => {
  const device = cpu();
  const draw = (shape: readonly number[]) => k.randomNormal(device, new Rng(shape.length), { shape });
  const params = (C: number) => [draw([C]), k.add(draw([C]), 1)];
  const index = integers(device, [2, 0, 1]);

  test.each<[string, (...xs: Tensor[]) => Tensor, Tensor[]]>([
    ['layerNorm', (x, bias, weight) => layerNorm.apply({ weight, bias }, x), [draw([3, 5]), ...params(5)]],
    [
      'groupNorm',
      (x, bias, weight) => groupNorm.apply({ weight, bias }, x, { groups: 2 }),
      [draw([2, 3, 4]), ...params(4)],
    ],
    ['crossEntropy', (x) => crossEntropy(x, index, { labelSmoothing: 0.2 }), [draw([3, 4])]],
    ['crossEntropy of probabilities', (x, t) => crossEntropy(x, k.softmax(t)), [draw([3, 4]), draw([3, 4])]],
    ['conv1d', (x, w) => k.conv1d(x, w, undefined, { padding: 1 }), [draw([2, 5, 3]), draw([3, 3, 2])]],
  ])('%s', async (_, f, inputs) => {
    await gradcheck(f, inputs, { order: 2, seed: 7 });
  });
});

describe('bad operands are refused', () => {
  const device = cpu();
  const x = device.zeros([2, 5]);
  const params = layerNorm.init(device, 5);

  test.each<[string, () => unknown, RegExp]>([
    [
      'layerNorm',
      () => layerNorm.apply(params, device.zeros([5, 2])),
      /layerNorm: weight \[5\] and bias \[5\] must be \[2\]/,
    ],
    [
      'groupNorm',
      () => groupNorm.apply(params, x, { groups: 2 }),
      /groups that divide C; got \[2, 5\], \[5\], \[5\] and 2/,
    ],
    [
      'crossEntropy',
      () => crossEntropy(x, integers(device, [1, 2, 3])),
      /class numbers .* \[2\] or .* \[2, 5\], got int32 \[3\]/,
    ],
    [
      'crossEntropy',
      () => crossEntropy(x, integers(device, [1, 2]), { reduction: 'toString' as never }),
      /reduction be 'mean', 'sum' or 'none', got 0 and 'toString'/,
    ],
    ['crossEntropy', () => crossEntropy(x, device.zeros([2])), /got float32 \[2\]/],
    [
      'crossEntropy',
      () => crossEntropy(x, integers(device, [1, 2]), { labelSmoothing: 2 }),
      /labelSmoothing must lie in/,
    ],
    ['crossEntropy', () => crossEntropy(x, x, { ignoreIndex: 2 }), /ignoreIndex is a class number/],
    ['crossEntropy', () => crossEntropy(x, x, 0.1 as never), /crossEntropy: attributes are given by name/],
    ['oneHot', () => k.oneHot(x, { classes: 3 }), /oneHot: wants an int32 or uint32 index/],
    ['oneHot', () => k.oneHot(integers(device, [1]), 3 as never), /write oneHot\(\.\.\., \{ classes: 3 \}\)/],
    ['conv1d', () => k.conv1d(x, x), /conv1d: wants x \[N, L, C\]/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('a class that there is not gives a NaN loss', async () => {
    expect(await crossEntropy(x, integers(device, [1, 5])).item()).toBeNaN();
  });
});
