import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad, vjp } from '../../src/autograd/grad.js';
import { ShapeError } from '../../src/errors.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { namedTensors, parameterCount } from '../../src/nn/tree.js';
import type { Masks } from '../../src/rle/flows/masks.js';
import { type RealNvpOptions, type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { gradcheck } from '../../src/testing/gradcheck.js';
import { BACKENDS } from '../backends.js';
import { expectClose, flat, type Nested, norm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOG_PROB, REFERENCE_RELATIVE } from '../tolerance.js';
import { goldenFlow } from './goldenFlow.js';

interface FlowGolden {
  readonly x: Nested;
  readonly z: Nested;
  readonly log_det: Nested;
  readonly log_prob: Nested;
  readonly dx: Nested;
  readonly forward_of_x: Nested;
  readonly grad_norms: readonly number[];
  readonly n_params: number;
}

const golden = JSON.parse(readFileSync(new URL('../golden/rle_golden.json', import.meta.url), 'utf8')) as Record<
  'flow2d' | 'flow3d',
  FlowGolden
>;
const REFERENCE = { relative: REFERENCE_RELATIVE, absolute: REFERENCE_RELATIVE };

/** The flow that has these parameters. */
const flowOf = (params: RealNvpParams, options: Partial<RealNvpOptions> = {}) => {
  const [hidden, dims] = params.t[0][0].weight.shape;
  return realNvp({ dims, hidden, couplings: params.t.length, ...options });
};

/** Random parameters, large enough to bend the density. */
function randomFlow(dims: number, seed: number, couplings = 6, size = 1): RealNvpParams {
  const device = cpu();
  const params = realNvp({ dims, couplings, hidden: 8 }).init(new Rng(seed), device);
  const rng = new Rng(seed, 1);
  for (const t of namedTensors(params).values()) {
    device.write(
      t,
      Float64Array.from({ length: t.size }, () => (size * rng.normal()) / Math.sqrt(t.rank === 2 ? t.shape[1] : 4)),
    );
  }
  return params;
}

function points(params: RealNvpParams, n: number, seed: number): Tensor {
  const dims = params.t[0][0].weight.shape[1];
  const rng = new Rng(seed, 2);
  const { device } = params.t[0][0].weight;
  return device.tensor(
    Float64Array.from({ length: n * dims }, () => rng.normal()),
    [n, dims],
  );
}

/** log |det| of a matrix by elimination with pivots. */
function logAbsDet(matrix: number[][]): number {
  const a = matrix.map((row) => [...row]);
  let log = 0;
  for (let k = 0; k < a.length; k++) {
    const p = a.findIndex(
      (row, i) => i >= k && Math.abs(row[k]) === Math.max(...a.slice(k).map((r) => Math.abs(r[k]))),
    );
    [a[k], a[p]] = [a[p], a[k]];
    log += Math.log(Math.abs(a[k][k]));
    for (let i = k + 1; i < a.length; i++) {
      const f = a[i][k] / a[k][k];
      for (let j = k; j < a.length; j++) a[i][j] -= f * a[k][j];
    }
  }
  return log;
}

/** The Jacobian of a map of one point, row by row from the tape. */
async function jacobian(f: (x: Tensor) => Tensor, x: Tensor): Promise<number[][]> {
  const rows: number[][] = [];
  for (let d = 0; d < x.size; d++) {
    const g = x.device.tensor(
      Array.from({ length: x.size }, (_, i) => (i === d ? 1 : 0)),
      x.shape,
    );
    rows.push(await values(vjp(f, x, g)[1]));
  }
  return rows;
}

describe.each(BACKENDS)('golden flow on $name', ({ name, open, tolerance }) => {
  const onGpu = name === 'GPU';

  test.each([
    ['flow2d', 2],
    ['flow3d', 3],
  ] as const)('%s: z, log-det, log-density, samples', async (key, dims) => {
    const device = await open();
    const { x, z, log_det, log_prob, forward_of_x } = golden[key];
    const params = goldenFlow(device, dims);
    const at = device.tensor(Float64Array.from(flat(x)), [9, dims]);
    const allowed = onGpu ? GPU_LOG_PROB : REFERENCE;
    const [base, logDet] = flowOf(params).inverse(params, at);
    expectClose(await values(base), z, allowed, 'z');
    expectClose(await values(logDet), log_det, allowed, 'logDet');
    expectClose(await values(flowOf(params).logProb(params, at)), log_prob, allowed, 'logProb');
    expectClose(await values(flowOf(params).forward(params, at)[0]), forward_of_x, allowed, 'forward');
  });

  test.each([
    ['flow2d', 2],
    ['flow3d', 3],
  ] as const)('%s: gradients of the log-density', async (key, dims) => {
    const device = await open();
    const { x, dx, grad_norms, n_params } = golden[key];
    const params = goldenFlow(device, dims);
    expect(parameterCount(params)).toBe(n_params);
    const at = device.tensor(Float64Array.from(flat(x)), [9, dims]);
    const total = ([p, y]: readonly [RealNvpParams, Tensor]) => sum(flowOf(p).logProb(p, y));
    const [ofParams, ofX] = grad(total)([params, at]);
    const relative = tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE);
    expectClose(await values(ofX), dx, { relative, absolute: relative }, 'dx');
    const norms = await Promise.all([...namedTensors(ofParams).values()].map(async (g) => norm(await g.data())));
    expectClose(norms, grad_norms, { relative, absolute: relative }, 'gradient norms');
  });
});

describe('names', () => {
  test("are the official state dict's, t before s", () => {
    const names = [...namedTensors(realNvp({ dims: 2 }).init(new Rng(1), cpu())).keys()];
    expect(names).toHaveLength(72);
    expect(names.slice(0, 7)).toEqual([
      't.0.0.weight',
      't.0.0.bias',
      't.0.2.weight',
      't.0.2.bias',
      't.0.4.weight',
      't.0.4.bias',
      't.1.0.weight',
    ]);
    expect(names.at(-1)).toBe('s.5.4.bias');
  });
});

describe.each([1, 2, 3, 4, 5])('D = %i', (dims) => {
  const params = randomFlow(dims, 7 + dims);

  test('forward after inverse is the identity, and the log-dets cancel', async () => {
    const x = points(params, 11, 1);
    const [z, down] = flowOf(params).inverse(params, x);
    const [back, up] = flowOf(params).forward(params, z);
    expectClose(await values(back), await values(x), { relative: 1e-10, absolute: 1e-10 }, 'x');
    expectClose(
      await values(up),
      (await values(down)).map((v) => -v),
      { relative: 1e-10, absolute: 1e-10 },
      'logDet',
    );
  });

  test.each([
    ['forward', flowOf(params).forward],
    ['inverse', flowOf(params).inverse],
  ] as const)('the log-det of %s is log |det J| from the tape', async (_, direction) => {
    const x = points(params, 1, 3);
    const rows = await jacobian((y) => direction(params, y)[0], x);
    const logDet = await direction(params, x)[1].item();
    expect(Math.abs(logDet)).toBeGreaterThan(1e-3);
    expect(logDet).toBeCloseTo(logAbsDet(rows), 10);
  });

  test('the log-density is twice differentiable in points and parameters', async () => {
    const small = randomFlow(dims, 40 + dims, 2);
    const leaves = [...namedTensors(small).values()];
    const rebuild = (ts: readonly Tensor[]): RealNvpParams => {
      let i = 0;
      const net = () => ({
        0: { weight: ts[i++], bias: ts[i++] },
        2: { weight: ts[i++], bias: ts[i++] },
        4: { weight: ts[i++], bias: ts[i++] },
      });
      return { t: [net(), net()], s: [net(), net()] };
    };
    const f = (x: Tensor, ...ts: Tensor[]) => flowOf(small).logProb(rebuild(ts), x);
    await gradcheck(f, [points(small, 3, 5), ...leaves], { order: 2, directions: 1, seed: dims });
  });
});

describe('density', () => {
  /** Riemann sum of exp(logProb) over [-reach, reach]^D. */
  async function integral(dims: number, size: number, reach: number, n: number): Promise<number> {
    const params = randomFlow(dims, 17, 6, size);
    const step = (2 * reach) / n;
    const grid = Float64Array.from({ length: n ** dims * dims }, (_, i) => {
      const index = Math.floor(Math.floor(i / dims) / n ** (i % dims)) % n;
      return -reach + (index + 0.5) * step;
    });
    const { device } = params.t[0][0].weight;
    const logProb = await values(flowOf(params).logProb(params, device.tensor(grid, [n ** dims, dims])));
    return logProb.reduce((mass, l) => mass + Math.exp(l), 0) * step ** dims;
  }

  // Midpoint sums of a smooth density converge faster than any power of the step; what is left is the tail.
  test.each([
    [1, 1, 60, 4000, 1e-6],
    [2, 1, 20, 200, 1e-3],
    [3, 0.6, 7, 36, 1e-2],
  ])('integrates to one for D = %i', async (dims, size, reach, n, allowed) => {
    expect(Math.abs((await integral(dims, size, reach, n)) - 1)).toBeLessThan(allowed);
  });

  test('samples follow it: E[-log p] over samples is the entropy that the base and the log-dets give', async () => {
    const params = randomFlow(2, 23);
    const x = flowOf(params).sample(params, 4000, new Rng(5));
    const logProb = await values(flowOf(params).logProb(params, x));
    const z = flowOf(params).inverse(params, x)[0];
    const squares = (await values(z)).map((v) => v * v);
    // z must be standard normal again: its mean square is 1 within 4 standard errors, sqrt(2 / 8000) each.
    expect(Math.abs(squares.reduce((a, b) => a + b) / squares.length - 1)).toBeLessThan(4 * Math.sqrt(2 / 8000));
    expect(logProb.every(Number.isFinite)).toBe(true);
  });

  test('samples repeat with the seed', async () => {
    const params = randomFlow(3, 29);
    const draw = (seed: number) => values(flowOf(params).sample(params, 5, new Rng(seed)));
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });
});

describe('options', () => {
  test('scaleBound bounds the log-scale of each coupling', async () => {
    const params = randomFlow(1, 31, 1);
    const { weight, bias } = params.s[0][4];
    weight.device.write(weight, new Float64Array(8));
    weight.device.write(bias as Tensor, [50]);
    const at = points(params, 1, 1);
    expect(await flowOf(params, { scaleBound: 2.5 }).forward(params, at)[1].item()).toBeCloseTo(2.5, 12);
    expect(await flowOf(params).forward(params, at)[1].item()).toBeCloseTo(1, 12);
  });

  test('masks choose what each coupling transforms', async () => {
    const params = randomFlow(3, 37, 2);
    const masks: Masks = [
      [0, 1, 1],
      [1, 0, 1],
    ];
    expect(() => flowOf(params, { masks }).forward(params, points(params, 2, 1))).toThrow(
      /no coupling transforms coordinate 2/,
    );
    const all: Masks = [
      [0, 1, 0],
      [1, 0, 1],
    ];
    const x = points(params, 4, 1);
    const back = flowOf(params, { masks: all }).forward(
      params,
      flowOf(params, { masks: all }).inverse(params, x)[0],
    )[0];
    expectClose(await values(back), await values(x), { absolute: 1e-12 }, 'x');
  });

  test('Xavier weights start the flow near the standard normal', async () => {
    const device = cpu();
    const params = realNvp({ dims: 2, weights: 'xavier' }).init(new Rng(3), device);
    const x = device.tensor([0.5, -1], [1, 2]);
    const [z] = flowOf(params).inverse(params, x);
    const [torchZ] = realNvp({ dims: 2 }).inverse(realNvp({ dims: 2 }).init(new Rng(3), device), x);
    const distance = async (t: Tensor) => norm((await values(t)).map((v, i) => v - [0.5, -1][i]));
    expect(await distance(z)).toBeLessThan(0.6);
    expect(await distance(z)).not.toBe(await distance(torchZ));
  });

  test('points and masks that do not fit are refused', () => {
    const params = randomFlow(2, 41);
    expect(() => flowOf(params).logProb(params, points(randomFlow(3, 1), 2, 1))).toThrow(
      /points must be \[\.\.\., 2\], got \[2, 3\]/,
    );
    expect(() => flowOf(params, { masks: [[0, 1]] }).logProb(params, points(params, 2, 1))).toThrow(ShapeError);
  });
});

test('the density is the same whatever the order of the keys, as it comes out of a file', async () => {
  const device = cpu();
  const { t, s } = realNvp({ dims: 2 }).init(new Rng(5), device);
  const turned = (nets: typeof t) =>
    nets.map((net) =>
      Object.fromEntries(Object.entries(net).map(([key, { weight, bias }]) => [key, { bias, weight }])),
    );
  const points = device.tensor([0.3, -0.2, 1, 2], [2, 2]);
  const expected = await values(flowOf({ t, s }).logProb({ t, s }, points));
  expect(await values(flowOf({ t, s }).logProb({ s: turned(s), t: turned(t) } as RealNvpParams, points))).toEqual(
    expected,
  );
});
