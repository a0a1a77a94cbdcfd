import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  conv2d,
  cpu,
  type Device,
  grad,
  matmul,
  mul,
  Rng,
  shapesOnly,
  square,
  sum,
  type Tensor,
  valueAndGrad,
} from 'wgrad';
import { countMacs, namedTensors, parameterCount } from 'wgrad/nn';
import { BACKENDS } from '../../../test/backends.js';
import { cutAlike, expectGradients, observeCuts } from '../../../test/models/cutAlike.js';
import { fillByName, signedOf, toNhwc } from '../../../test/models/namedWeights.js';
import { toNchw } from '../../../test/models/torchRegressor.js';
import { expectClose, expectCloseInNorm, norm, values } from '../../../test/numbers.js';
import { type Float32Gap, GPU_GRADIENT_RELATIVE, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import * as backbone from '../../src/backbones/backbone.js';
import * as hrnet from '../../src/backbones/hrnet.js';
import * as mobilenetV2 from '../../src/backbones/mobilenetV2.js';

interface ModelGolden {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly evaluated: readonly number[];
  readonly evaluatedNorm: number;
  readonly trained: readonly number[];
  readonly loss: number;
  readonly inputGradient: number;
  readonly float32: Float32Gap;
  readonly gradients: Readonly<Record<string, number>>;
  readonly statistics: Readonly<Record<string, number>>;
}

const golden = JSON.parse(readFileSync(new URL('../golden/model_golden.json', import.meta.url), 'utf8')) as {
  readonly models: Readonly<Record<'mobilenetv2' | 'hrnet', ModelGolden>>;
  readonly macs: Readonly<Record<'mobilenetv2' | 'hrnet-w32', { readonly parameters: number; readonly macs: number }>>;
};

const INITS = {
  mobilenetv2: (device: Device) => mobilenetV2.init(new Rng(1), device, { width: 0.1 }),
  hrnet: (device: Device) => hrnet.init(new Rng(1), device, { width: 4, stem: 4 }),
};

describe.each(BACKENDS)('backbones on $name', ({ open, tolerance }) => {
  describe.each(['mobilenetv2', 'hrnet'] as const)('%s', (name) => {
    const want = golden.models[name];
    const relative = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);

    const model = (device: Device) => {
      const { params, state } = INITS[name](device);
      fillByName(params);
      const [n, c, h, w] = want.input;
      const images = device.tensor(toNhwc(signedOf(`${name} input`, want.input), want.input), [n, h, w, c]);
      return { params: params as backbone.BackboneParams, state, images };
    };

    test("evaluates to PyTorch's features", async () => {
      const { params, state, images } = model(await open());
      const [features] = backbone.apply(params, state, images, { training: false });
      const inOrder = toNchw(await values(features), features.shape);
      expectCloseInNorm(inOrder.slice(0, want.evaluated.length), want.evaluated, relative, 'features');
      expectClose([norm(inOrder)], [want.evaluatedNorm], { relative }, 'norm of the features');
      expect(features.shape[3]).toBe(backbone.channelsOf(params));
    });

    const trained = (device: Device) => {
      const { params, state, images } = model(device);
      const [n, c, h, w] = want.output;
      const cotangent = device.tensor(toNhwc(signedOf(`${name} cotangent`, want.output), want.output), [n, h, w, c]);
      const step = valueAndGrad(
        ({ p, x }: { p: backbone.BackboneParams; x: Tensor }) => {
          const [y, next] = backbone.apply(p, state, x, { training: true });
          return [sum(mul(y, cotangent)), { y, next }] as const;
        },
        { aux: true },
      );
      const [[loss, { y, next }], gradient] = step({ p: params, x: images });
      return { loss, y, next, gradients: namedTensors(gradient.p).set('input', gradient.x) };
    };

    test("has PyTorch's gradients and running statistics after a step", async () => {
      const device = await open();
      const [{ loss, y, next, gradients }, cuts] = await observeCuts(() => trained(device));
      const inOrder = toNchw(await values(y), y.shape);
      expectCloseInNorm(inOrder.slice(0, want.trained.length), want.trained, relative, 'features');
      expectClose([await loss.item()], [want.loss], { absolute: relative * norm(inOrder) }, 'loss');
      for (const [path, t] of namedTensors(next)) {
        expectClose([norm(await t.data())], [want.statistics[path]], { relative }, path);
      }

      const wanted: Readonly<Record<string, number>> = { ...want.gradients, input: want.inputGradient };
      expect([...gradients.keys()].sort()).toEqual(Object.keys(wanted).sort());
      if (device.kind === 'webgpu') {
        await expectGradients(gradients, trained(cutAlike(cuts)).gradients, want.float32);
      } else {
        const all = norm(Object.values(want.gradients));
        for (const [path, g] of gradients) {
          // What a batch norm cancels has a gradient of rounding errors alone.
          expectClose([norm(await g.data())], [wanted[path]], { relative, absolute: relative * 1e-3 * all }, path);
        }
      }
      expect([...namedTensors(next).keys()].sort()).toEqual(Object.keys(want.statistics).sort());
    });
  });
});

// A constant generator: the counts need no weights.
const noDraws = Object.assign(new Rng(0), { uniform: () => 0, normal: () => 0 });

/** RLE.md 3.1: parameters and GMAC at 256 x 192. */
const RESNETS = [
  ['resnet18', 11_176_512, 1.777],
  ['resnet34', 21_284_672, 3.588],
  ['resnet50', 23_508_032, 4.004],
  ['resnet101', 42_500_160, 7.64],
  ['resnet152', 58_143_808, 11.277],
] as const;

describe('counts', () => {
  const counted = (name: backbone.BackboneName) => {
    const device = shapesOnly();
    const { params, state } = backbone.init(noDraws, device, name);
    const run = (training: boolean) => () =>
      backbone.apply(params, state, device.zeros([1, 256, 192, 3]), { training });
    const [evaluation, training] = [countMacs(run(false)), countMacs(run(true))];
    expect(training.total).toBe(evaluation.total);
    return { parameters: parameterCount(params), macs: evaluation.total };
  };

  test.each(RESNETS)('of %s are the published ones', (name, parameters, gmac) => {
    const found = counted(name);
    expect(found.parameters).toBe(parameters);
    expect(found.macs / 1e9).toBeCloseTo(gmac, 3);
  });

  test.each(['mobilenetv2', 'hrnet-w32'] as const)("of %s are those of PyTorch's modules", (name) => {
    const { parameters, macs } = golden.macs[name];
    expect(counted(name)).toEqual({ parameters, macs });
  });

  test('of HRNet-W48 with its head of 17 joints are the published 63.6 million parameters', () => {
    const { params } = backbone.init(noDraws, shapesOnly(), 'hrnet-w48');
    expect(parameterCount(params) + 17 * 49).toBe(63_595_745);
  });

  test('of products and derivatives follow from the shapes', () => {
    const device = shapesOnly();
    const [a, b] = [device.zeros([5, 2, 7]), device.zeros([5, 3, 7])];
    expect(countMacs(() => matmul(a, b, { transB: true })).total).toBe(5 * 2 * 3 * 7);
    const step = grad((w: Tensor) => sum(square(conv2d(device.zeros([2, 6, 5, 3]), w, { padding: 1 }))));
    const { byOp } = countMacs(() => step(device.zeros([3, 3, 3, 8])));
    const forward = 2 * 6 * 5 * 8 * 27;
    expect(byOp).toEqual(
      new Map([
        ['conv2d', forward],
        ['conv2dWeight', forward],
      ]),
    );
  });
});

describe('backbones', () => {
  test('unknown names, and images that the branches of an HRNet would not fit, are refused', () => {
    const device = shapesOnly();
    expect(() => backbone.init(noDraws, device, 'resnet20' as 'resnet18')).toThrow(/'resnet20' is none of resnet18/);
    const { params, state } = hrnet.init(noDraws, device, { width: 4, stem: 4 });
    const images = device.zeros([1, 80, 64, 3]);
    expect(() => hrnet.apply(params, state, images, { training: false })).toThrow(
      /multiples of 32, got \[1, 80, 64, 3\]/,
    );
  });

  test('a shape has no elements to read', async () => {
    await expect(shapesOnly().zeros([3]).data()).rejects.toThrow(/3 elements .* has none to read/);
  });

  test('blocks that are run again instead of kept give the same gradients', async () => {
    for (const name of ['mobilenetv2', 'hrnet'] as const) {
      const gradients = async (checkpoint: boolean) => {
        const device = cpu();
        const { params, state } = INITS[name](device);
        const images = device.tensor(signedOf('images', [2, 32, 32, 3]), [2, 32, 32, 3]);
        const loss = (p: backbone.BackboneParams) =>
          sum(square(backbone.apply(p, state, images, { training: true, checkpoint })[0]));
        return Promise.all([...namedTensors(grad(loss)(params as backbone.BackboneParams)).values()].map(values));
      };
      expect(await gradients(true)).toEqual(await gradients(false));
    }
  });
});
