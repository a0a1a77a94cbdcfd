import { describe, expect, test } from 'vitest';
import { vjp } from '../../src/autograd/grad.js';
import { namedTensors } from '../../src/nn/tree.js';
import { affineFlow } from '../../src/rle/flows/affineFlow.js';
import { chain } from '../../src/rle/flows/chain.js';
import { couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import type { Flow } from '../../src/rle/flows/flow.js';
import { rationalQuadratic } from '../../src/rle/flows/rationalQuadratic.js';
import { realNvp } from '../../src/rle/flows/realNvp.js';
import { additive, affine, type Transform } from '../../src/rle/flows/transforms.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, values } from '../numbers.js';
import { GPU_LOG_PROB } from '../tolerance.js';
import { randomised, reference } from './randomised.js';

type AnyFlow = Flow<unknown>;

const NET = { hidden: 8, couplings: 3 };
const spline = rationalQuadratic({ bins: 5, bound: 3 });
const JOINTS = 3;

const FLOWS: readonly (readonly [name: string, flow: AnyFlow])[] = [
  ['affine', affineFlow({ dims: 2 })],
  ['affine, one per joint', affineFlow({ dims: 2, joints: JOINTS })],
  ['additive', couplingFlow({ dims: 2, transform: additive, ...NET })],
  [
    'additive and affine',
    chain<unknown>([couplingFlow({ dims: 2, transform: additive, ...NET }), affineFlow({ dims: 2 })]),
  ],
  ['affine coupling', couplingFlow({ dims: 3, transform: affine(), ...NET })],
  ['spline', couplingFlow({ dims: 2, transform: spline, ...NET })],
  ['spline of one coordinate', couplingFlow({ dims: 1, transform: spline, ...NET, couplings: 2 })],
  ['conditional affine', couplingFlow({ dims: 2, transform: affine(), ...NET, joints: JOINTS, embedding: 4 })],
  ['conditional spline', couplingFlow({ dims: 2, transform: spline, ...NET, joints: JOINTS, embedding: 4 })],
  ['RealNVP', realNvp({ dims: 2, hidden: 8 })],
  ['RealNVP over Student-t', realNvp({ dims: 2, hidden: 8, base: { studentT: 4 } })],
  ['RealNVP over Laplace', realNvp({ dims: 1, hidden: 8, base: 'laplace' })],
] as const;

const dimsOf = (flow: AnyFlow) => flow.pointShape[flow.pointShape.length - 1];

/** Some of them outside of the splines' support. */
function points(flow: AnyFlow, n: number, seed: number, spread = 1.5): Tensor {
  const rng = new Rng(seed, 2);
  const shape = [n, ...flow.pointShape];
  const size = shape.reduce((a, b) => a * b);
  return reference.tensor(
    Float64Array.from({ length: size }, () => spread * rng.normal()),
    shape,
  );
}

/** log |det| of a 1x1, 2x2 or 3x3 matrix by cofactors. */
function logAbsDet(m: readonly (readonly number[])[]): number {
  const det = (a: readonly (readonly number[])[]): number =>
    a.length === 1
      ? a[0][0]
      : a[0].reduce(
          (sum, v, j) => sum + (-1) ** j * v * det(a.slice(1).map((row) => row.filter((_, c) => c !== j))),
          0,
        );
  return Math.log(Math.abs(det(m)));
}

describe.each(FLOWS)('%s', (_, flow) => {
  const dims = dimsOf(flow);
  const params = randomised(flow, 11);

  test('forward after inverse is the identity, and the log-dets cancel', async () => {
    const x = points(flow, 13, 1);
    const [z, down] = flow.inverse(params, x);
    const [back, up] = flow.forward(params, z);
    expect(Math.max(...(await values(z)).map((v, i) => Math.abs(v - (i % 2))))).toBeGreaterThan(0.1);
    expectClose(await values(back), await values(x), { relative: 1e-9, absolute: 1e-9 }, 'x');
    expectClose(
      await values(up),
      (await values(down)).map((v) => -v),
      { absolute: 1e-9 },
      'logDet',
    );
  });

  test.each(['forward', 'inverse'] as const)('the log-det of %s is that of differences', async (direction) => {
    const x = points(flow, 1, 3);
    const at = await values(x);
    const joints = at.length / dims;
    const h = 1e-5;
    const moved = async (i: number, by: number) => {
      const shifted = reference.tensor(
        Float64Array.from(at, (v, k) => (k === i ? v + by : v)),
        x.shape,
      );
      return values(flow[direction](params, shifted)[0]);
    };
    const logDet = await values(flow[direction](params, x)[1]);
    for (let k = 0; k < joints; k++) {
      const columns: number[][] = [];
      for (let d = 0; d < dims; d++) {
        const [up, down] = [await moved(k * dims + d, h), await moved(k * dims + d, -h)];
        columns.push(up.slice(k * dims, (k + 1) * dims).map((v, i) => (v - down[k * dims + i]) / (2 * h)));
      }
      // Central differences: h^2 f''' / 6 and 2^-53 / h, both some 1e-10 times derivatives of order ten.
      expect(Math.abs(logDet[k] - logAbsDet(columns))).toBeLessThan(1e-7);
    }
  });

  test('integrates to one', async () => {
    // Heavy tails are integrated in the angle a of x = reach tan(a / 2), whose ends are infinity.
    const n = dims === 3 ? 24 : dims === 2 ? 80 : 2000;
    const gentle = randomised(flow, 12, 0.5);
    const nodes = Float64Array.from({ length: n }, (_, i) => Math.PI * ((2 * i + 1) / n - 1));
    const at = nodes.map((a) => 2 * Math.tan(a / 2));
    const weight = nodes.map((a) => (2 * Math.PI) / n / Math.cos(a / 2) ** 2);
    const joints = flow.pointShape.length === 2 ? JOINTS : 1;
    const count = n ** dims;
    const index = (i: number, d: number) => Math.floor(i / n ** d) % n;
    const grid = Float64Array.from(
      { length: count * joints * dims },
      (_, i) => at[index(Math.floor(i / (joints * dims)), i % dims)],
    );
    const logProb = await values(flow.logProb(gentle, reference.tensor(grid, [count, ...flow.pointShape])));
    for (let k = 0; k < joints; k++) {
      let mass = 0;
      for (let i = 0; i < count; i++) {
        let cell = Math.exp(logProb[i * joints + k]);
        for (let d = 0; d < dims; d++) cell *= weight[index(i, d)];
        mass += cell;
      }
      expect(Math.abs(mass - 1)).toBeLessThan(dims === 3 ? 0.02 : 2e-3);
    }
  });

  test('samples have the shape of points and repeat with the seed', async () => {
    const draw = (seed: number) => flow.sample(params, 4, new Rng(seed));
    expect(draw(1).shape).toEqual([4, ...flow.pointShape]);
    expect(await values(draw(1))).toEqual(await values(draw(1)));
    expect(await values(draw(1))).not.toEqual(await values(draw(2)));
  });
});

describe('gradients', () => {
  test.each([
    ['affine', affineFlow({ dims: 2 }), 1],
    ['additive', couplingFlow({ dims: 2, transform: additive, hidden: 3, hiddenLayers: 1, couplings: 2 }), 1],
    ['spline', couplingFlow({ dims: 2, transform: spline, hidden: 3, hiddenLayers: 1, couplings: 2 }), 1],
    [
      'conditional',
      couplingFlow({ dims: 2, transform: affine(), hidden: 3, hiddenLayers: 1, couplings: 2, joints: 2, embedding: 2 }),
      2,
    ],
  ] as const)('of the log-density of %s, in points and parameters', async (_, given, seed) => {
    const flow = given as AnyFlow;
    const params = randomised(flow, 5 + seed, 0.7);
    const leaves = [...namedTensors(params)];
    const rebuilt = (tensors: readonly Tensor[]) => {
      let i = 0;
      const copy = (node: unknown): unknown => {
        if (node === null || typeof node !== 'object') return node;
        if (leaves.some(([, t]) => t === node)) return tensors[i++];
        return Array.isArray(node)
          ? node.map(copy)
          : Object.fromEntries(Object.entries(node).map(([key, value]) => [key, copy(value)]));
      };
      return copy(params);
    };
    const f = (x: Tensor, ...tensors: Tensor[]) => flow.logProb(rebuilt(tensors), x);
    await gradcheck(f, [points(flow, 3, 4), ...leaves.map(([, t]) => t)], { seed, directions: 1 });
  });
});

describe('couplings', () => {
  test('additive ones keep volumes', async () => {
    const flow = couplingFlow({ dims: 3, transform: additive, ...NET });
    const logDet = await values(flow.inverse(randomised(flow, 2), points(flow as AnyFlow, 5, 1))[1]);
    expect(logDet).toEqual([0, 0, 0, 0, 0]);
  });

  test.each<Transform>([additive, affine(), spline])('start as the identity', async (transform) => {
    const flow = couplingFlow({ dims: 2, transform, ...NET });
    const x = points(flow as AnyFlow, 6, 1);
    const z = flow.inverse(flow.init(new Rng(1), reference), x)[0];
    expectClose(await values(z), await values(x), { absolute: 1e-12 }, 'z');
  });

  test('splines leave points outside of their support alone', async () => {
    const flow = couplingFlow({ dims: 1, transform: spline, ...NET });
    const x = reference.tensor([-3.5, 2.9, 100], [3, 1]);
    const [z, logDet] = await Promise.all(flow.inverse(randomised(flow, 3), x).map(values));
    expect([z[0], z[2], logDet[0], logDet[2]]).toEqual([-3.5, 100, 0, 0]);
    expect(Math.abs(z[1] - 2.9)).toBeGreaterThan(1e-3);
  });

  test('a conditional flow has a density of its own for each joint', async () => {
    const flow = couplingFlow({ dims: 2, transform: affine(), ...NET, joints: 2 });
    const x = reference.tensor([0.3, -0.4, 0.3, -0.4], [1, 2, 2]);
    const [first, second] = await values(flow.logProb(randomised(flow, 4), x));
    expect(Math.abs(first - second)).toBeGreaterThan(1e-3);
  });

  test('points that do not fit are refused', () => {
    const flow = couplingFlow({ dims: 2, transform: affine(), ...NET, joints: 2 });
    const params = flow.init(new Rng(1), reference);
    expect(() => flow.logProb(params, reference.zeros([5, 3, 2]))).toThrow(
      /points must be \[\.\.\., 2, 2\], got \[5, 3, 2\]/,
    );
    expect(() => rationalQuadratic({ bins: 1 })).toThrow(/at least 2 bins/);
    for (const counts of [{ couplings: 0 }, { couplings: 1.5 }, { hidden: 0 }, { hiddenLayers: -1 }, { dims: 0 }]) {
      const [[name, n]] = Object.entries(counts);
      const message = new RegExp(`: ${name} must be a whole number of at least 1, got ${n}$`);
      const shape = { dims: 2, ...counts };
      expect(() => realNvp(shape).init(new Rng(1), reference)).toThrow(message);
      expect(() => couplingFlow({ transform: additive, ...shape })).toThrow(message);
    }
    const maps = [affineFlow({ dims: 2 }), affineFlow({ dims: 3 })];
    expect(() => chain(maps)).toThrow(/all maps must be of points \[2\], got one of \[3\]/);
  });
});

describe.each(BACKENDS.filter(({ name }) => name === 'GPU'))('on the $name', ({ open }) => {
  test.each(FLOWS)('%s: the log-density is the reference’s', async (_, flow) => {
    const device = await open();
    const x = points(flow, 9, 6);
    const want = await values(flow.logProb(randomised(flow, 8), x));
    const onDevice = device.tensor(Float32Array.from(await values(x)), x.shape);
    expectClose(await values(flow.logProb(randomised(flow, 8, 1, device), onDevice)), want, GPU_LOG_PROB, 'logProb');
  });

  test('a spline is finite, with its gradients, within some ulp of a knot between a steep piece and a flat one', async () => {
    const device = await open();
    const { inverse } = rationalQuadratic({ bins: 4, bound: 3 });
    for (const raw of [
      [0, -12, 0, 0, 0, 12, 0, 0, -9, -9, 0],
      [0, -3, 0, 0, 0, 2, 0, 0, -6, -6, 0],
    ]) {
      const heights = raw.slice(4, 8).map(Math.exp);
      const shares = heights.map((h) => 1e-3 + ((1 - 4e-3) * h) / heights.reduce((a, b) => a + b));
      const knot = 6 * (shares[0] + shares[1]) - 3;
      const n = 4000;
      const near = Float32Array.from({ length: n }, (_, i) => knot + (i - n / 2) * 2 ** -22);
      const x = device.tensor(near, [n, 1]);
      const parameters = device.tensor(
        Float32Array.from({ length: n * raw.length }, (_, i) => raw[i % raw.length]),
        [n, 1, raw.length],
      );
      const one = device.tensor(new Float32Array(n).fill(1), [n, 1]);
      const [moved, gradients] = vjp(
        (at: Tensor[]) => [...inverse(at[0], { nets: at[1] })],
        [x, parameters],
        [one, one],
      );
      for (const t of [...moved, ...gradients]) expect((await values(t)).every(Number.isFinite)).toBe(true);
    }
  });
});

describe('started from data', () => {
  const rng = new Rng(21);
  const data = reference.tensor(
    Float64Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 3 + 0.2 * rng.normal() : -1 + 5 * rng.normal())),
    [200, 2],
  );
  const momentsOf = async (x: Tensor) =>
    Promise.all(
      [0, 1].map(async (d) => {
        const column = (await values(x)).filter((_, i) => i % 2 === d);
        const mean = column.reduce((a, b) => a + b) / column.length;
        return [mean, column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / column.length];
      }),
    );

  test('an affine flow takes mean and variance away', async () => {
    const flow = affineFlow({ dims: 2 });
    const z = flow.inverse(flow.init(new Rng(1), reference, data), data)[0];
    for (const [mean, variance] of await momentsOf(z)) {
      expect(mean).toBeCloseTo(0, 12);
      expect(variance).toBeCloseTo(1, 12);
    }
  });

  test('a chain hands each map what the later ones make of them', async () => {
    const random = couplingFlow({ dims: 2, transform: affine(), ...NET, weights: 'torch' });
    const flow = chain<unknown>([affineFlow({ dims: 2 }), random, affineFlow({ dims: 2 })] as AnyFlow[]);
    const params = flow.init(new Rng(1), reference, data);
    for (const [mean, variance] of await momentsOf(flow.inverse(params, data)[0])) {
      expect(mean).toBeCloseTo(0, 10);
      expect(variance).toBeCloseTo(1, 10);
    }
  });
});
