import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cpu, grad, mean, mul, Rng, reciprocal, shapesOnly, sum, type Tensor, valueAndGrad } from 'wgrad';
import { countMacs, namedTensors, parameterCount, resnet } from 'wgrad/nn';
import { realNvp, rle } from 'wgrad/rle';
import { gradcheck } from 'wgrad/testing';
import { BACKENDS } from '../../../test/backends.js';
import { fillByName, signedOf, toNhwc } from '../../../test/models/namedWeights.js';
import { toNchw } from '../../../test/models/torchRegressor.js';
import { expectClose, expectCloseInNorm, flat, type Nested, norm, values } from '../../../test/numbers.js';
import { GPU_GRADIENT_RELATIVE, REFERENCE_RELATIVE } from '../../../test/tolerance.js';
import * as backbone from '../../src/backbones/backbone.js';
import { gaussianMaps } from '../../src/heatmaps/gaussianMaps.js';
import * as heatmapHead from '../../src/heatmaps/heatmapHead.js';
import { dsnt, heatmapMse, jensenShannon } from '../../src/heatmaps/heatmapLoss.js';
import * as heatmapRegressor from '../../src/heatmaps/heatmapRegressor.js';
import { mapDistribution, softArgmax } from '../../src/heatmaps/softArgmax.js';

const golden = JSON.parse(readFileSync(new URL('../golden/model_golden.json', import.meta.url), 'utf8')) as {
  readonly models: {
    readonly heatmapHead: {
      readonly input: readonly number[];
      readonly output: readonly number[];
      readonly evaluatedNorm: number;
      readonly evaluated: readonly number[];
      readonly loss: number;
      readonly gradients: Readonly<Record<string, number>>;
    };
  };
  readonly macs: { readonly heatmapHead: { readonly parameters: number; readonly macs: number } };
  readonly targets: { readonly points: readonly [number, number][]; readonly sigma: number; readonly maps: Nested };
  readonly heatmaps: {
    readonly shape: readonly [number, number, number, number];
  } & Readonly<
    Record<'points' | 'debiased' | 'target' | 'js' | 'pointsGradient' | 'debiasedGradient' | 'jsGradient', Nested>
  >;
};

/** Pixels of maps to crop units, as RLE's public codes and mmpose have them. */
const toCrop = (points: Nested, [, , H, W]: readonly number[]) =>
  flat(points).map((v, i) => v / (i % 2 === 0 ? W : H) - 0.5);

describe.each(BACKENDS)('heatmaps on $name', ({ open, tolerance }) => {
  const relative = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);

  test("the head gives PyTorch's maps and gradients", async () => {
    const want = golden.models.heatmapHead;
    const device = await open();
    const { params, state } = heatmapHead.init(new Rng(1), device, { inputs: 6, channels: 5, joints: 3 });
    fillByName(params);
    const nhwc = (name: string, [n, c, h, w]: readonly number[]) =>
      device.tensor(toNhwc(signedOf(name, [n, c, h, w]), [n, c, h, w]), [n, h, w, c]);
    const features = nhwc('heatmapHead input', want.input);
    const cotangent = nhwc('heatmapHead cotangent', want.output);
    const [maps] = heatmapHead.apply(params, state, features, { training: false });
    const inOrder = toNchw(await values(maps), maps.shape);
    expectClose([norm(inOrder)], [want.evaluatedNorm], { relative }, 'norm');
    expectCloseInNorm(inOrder.slice(0, want.evaluated.length), want.evaluated, relative, 'maps');

    const step = valueAndGrad((p: heatmapHead.HeatmapHeadParams) =>
      sum(mul(heatmapHead.apply(p, state, features, { training: true })[0], cotangent)),
    );
    const [loss, gradients] = step(params);
    expectClose([await loss.item()], [want.loss], { absolute: relative * want.evaluatedNorm }, 'loss');
    expect([...namedTensors(gradients).keys()].sort()).toEqual(Object.keys(want.gradients).sort());
    for (const [path, g] of namedTensors(gradients)) {
      expectClose([norm(await g.data())], [want.gradients[path]], { relative }, path);
    }
  });

  test("means, their debiasing and the divergence are mmpose's, with their gradients", async () => {
    const device = await open();
    const { shape, ...want } = golden.heatmaps;
    const [B, K, H, W] = shape;
    const maps = device.tensor(
      toNhwc(signedOf('maps', shape), shape).map((v) => 3 * v),
      [B, H, W, K],
    );
    const cotangent = device.tensor(signedOf('points cotangent', [B, K, 2]), [B, K, 2]);
    // In fractions of the map there, in crop units here: the same but for 0.5.
    const fractions = (points: Nested) => flat(points).map((v) => v - 0.5);
    for (const [name, debias] of [
      ['points', 'none'],
      ['debiased', 'mmpose'],
    ] as const) {
      const options = { pixel: 0, debias } as const;
      expectClose(await values(softArgmax(maps, options)), fractions(want[name]), { absolute: relative }, name);
      const g = grad((x: Tensor) => sum(mul(softArgmax(x, options), cotangent)))(maps);
      expectCloseInNorm(toNchw(await values(g), g.shape), want[`${name}Gradient`], relative, `gradient of ${name}`);
    }
    const target = device.tensor(toCrop(want.target, shape), [B, K, 2]);
    const bells = gaussianMaps({ target }, { height: H, width: W, sigma: 1, rounded: false, pixel: 0 }).maps;
    const divergence = (x: Tensor) => {
      const q = mul(bells, reciprocalOfSum(bells));
      return jensenShannon(mapDistribution(x), q);
    };
    expectClose(await values(divergence(maps)), want.js, { relative, absolute: relative }, 'divergence');
    const g = grad((x: Tensor) => mean(divergence(x)))(maps);
    expectCloseInNorm(toNchw(await values(g), g.shape), want.jsGradient, relative, 'gradient of the divergence');
  });

  test("targets are SimpleBaseline's, and know which joints they show", async () => {
    const device = await open();
    const { points, sigma, maps: want } = golden.targets;
    const K = points.length;
    const target = device.tensor(toCrop(points, [1, K, 16, 12]), [1, K, 2]);
    const { maps, inside } = gaussianMaps({ target }, { height: 16, width: 12, sigma, pixel: 0 });
    expectClose(toNchw(await values(maps), maps.shape), want, { absolute: relative }, 'maps');
    const seen = (want as Nested[]).map((map) => (flat(map).some((v) => v > 0) ? 1 : 0));
    expect(seen).toContain(0);
    expect(await values(inside)).toEqual(seen);
  });
});

describe('coordinates', () => {
  const [H, W] = [13, 10];
  const centreOf = (column: number, row: number) => [(column + 0.5) / W - 0.5, (row + 0.5) / H - 0.5];

  /** One map whose only peak is at a pixel. */
  const peaked = (height: number, column: number, row: number) => {
    const data = new Float64Array(H * W);
    data[row * W + column] = height;
    return cpu().tensor(data, [1, H, W, 1]);
  };

  test('a peaked map gives its pixel, a flat one the centre', async () => {
    expectClose(await values(softArgmax(peaked(60, 7, 2))), centreOf(7, 2), { absolute: 1e-12 }, 'peak');
    expectClose(await values(softArgmax(peaked(0, 7, 2))), [0, 0], { absolute: 1e-12 }, 'flat');
  });

  test('a low peak is drawn to the centre, and debiasing brings it back; by mmpose not all of the way', async () => {
    const want = centreOf(7, 2);
    const error = async (debias: 'none' | 'exact' | 'mmpose', pixel = 0.5) => {
      const [x, y] = await values(softArgmax(peaked(5, 7, 2), { debias, pixel }));
      return Math.hypot(x - want[0] - (pixel - 0.5) / W, y - want[1] - (pixel - 0.5) / H);
    };
    expect(await error('none')).toBeGreaterThan(0.1);
    expect(await error('exact')).toBeLessThan(1e-12);
    expect(await error('exact', 0)).toBeLessThan(1e-12);
    expect(await error('mmpose')).toBeGreaterThan(0.9 * (await error('none')));
  });

  test('gradients of means and losses agree with differences', async () => {
    const device = cpu();
    const maps = device.tensor(
      signedOf('gradcheck', [2, 5, 4, 3]).map((v) => 2 * v),
      [2, 5, 4, 3],
    );
    const target = device.tensor(
      signedOf('targets', [2, 3, 2]).map((v) => v / 2),
      [2, 3, 2],
    );
    const weight = device.tensor([1, 0, 2, 1, 1, 0.5], [2, 3, 1]);
    for (const debias of ['none', 'exact', 'mmpose'] as const) {
      await gradcheck((x) => softArgmax(x, { beta: 1.5, debias }), [maps], { order: 2 });
    }
    await gradcheck((x) => dsnt(x, { target, weight }), [maps], { order: 2 });
    await gradcheck((x) => heatmapMse(x, { target, weight }), [maps], { order: 2 });
  });

  test('unknown joints may be NaN, and nothing of them reaches a loss', async () => {
    const device = cpu();
    const maps = device.tensor(signedOf('gradcheck', [1, 5, 4, 2]), [1, 5, 4, 2]);
    const weight = device.tensor([1, 0], [1, 2, 1]);
    for (const loss of [dsnt, heatmapMse]) {
      const run = valueAndGrad((x: Tensor, y: number) =>
        loss(x, { target: device.tensor([0.1, -0.2, y, y], [1, 2, 2]), weight }),
      );
      const [[nan, gradient], [zero]] = [run(maps, Number.NaN), run(maps, 0)];
      expect(await nan.item()).toBe(await zero.item());
      expect((await values(gradient)).every(Number.isFinite)).toBe(true);
    }
  });

  test('maps of another rank are refused', () => {
    expect(() => softArgmax(cpu().zeros([3, 4]))).toThrow(/\[B, H, W, K\], got \[3, 4\]/);
  });
});

describe('the heatmap regressor', () => {
  test('has the published 34.0 million parameters, and 1.42 GMAC in its head where 5.7 are published', () => {
    const device = shapesOnly();
    const noDraws = Object.assign(new Rng(0), { uniform: () => 0, normal: () => 0 });
    const preact = backbone.init(noDraws, device, 'resnet50');
    const { params, state } = heatmapRegressor.init(noDraws, device, { preact, joints: 17 });
    expect(parameterCount(params)).toBe(33_999_697);
    const { byOp } = countMacs(() =>
      heatmapHead.apply(params, state, device.zeros([1, 8, 6, 2048]), { training: false }),
    );
    const head = [...byOp.values()].reduce((a, b) => a + b);
    expect(head).toBe(golden.macs.heatmapHead.macs);
    // The paper has every transposed convolution four times, at stride 2 in two directions.
    expect((4 * byOp.get('conv2dInput')!) / 1e9).toBeCloseTo(5.64, 2);
    const images = device.zeros([1, 256, 192, 3]);
    const all = countMacs(() => heatmapRegressor.apply(params, state, images, { training: false })).total;
    expect(all / 1e9).toBeCloseTo(5.43, 2);
  });

  test('learns by RLE on soft-argmax coordinates: every parameter but the flow masks has a gradient', async () => {
    const device = cpu();
    const preact = resnet.init(new Rng(1), device, { width: 4, stem: 3 });
    const { params, state } = heatmapRegressor.init(new Rng(2), device, {
      preact,
      joints: 3,
      channels: 4,
      doublings: 2,
      sigma: true,
    });
    const flow = realNvp({ dims: 2 }).init(new Rng(3), device);
    const images = device.tensor(signedOf('images', [2, 64, 32, 3]), [2, 64, 32, 3]);
    const target = device.tensor(
      signedOf('targets', [2, 3, 2]).map((v) => v / 2),
      [2, 3, 2],
    );
    const step = valueAndGrad((p: { net: typeof params; flow: typeof flow }) => {
      const [{ maps, logit }] = heatmapRegressor.apply(p.net, state, images, { training: true });
      expect(maps.shape).toEqual([2, 8, 4, 3]);
      return rle({ mu: softArgmax(maps), logit: logit! }, { target }, { flow: realNvp({ dims: 2 }), params: p.flow });
    });
    const [loss, gradient] = step({ net: params, flow });
    expect(Number.isFinite(await loss.item())).toBe(true);
    for (const [path, g] of namedTensors(gradient.net)) expect(norm(await g.data()), path).toBeGreaterThan(0);
  });
});

function reciprocalOfSum(maps: Tensor): Tensor {
  return reciprocal(sum(maps, { axes: [1, 2], keepDims: true }));
}
