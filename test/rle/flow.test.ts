/** The fused flow against the flow composed of ops: values and every gradient, on every backend and tier. */
import { describe, expect, test } from 'vitest';
import { grad, vjp } from '../../src/autograd/grad.js';
import { add } from '../../src/kernels/elementwise/arithmetic.js';
import { square } from '../../src/kernels/elementwise/unary.js';
import { sum } from '../../src/kernels/reduction/sum.js';
import { namedTensors } from '../../src/nn/tree.js';
import { couplingFlow } from '../../src/rle/flows/couplingFlow.js';
import { type RealNvpParams, realNvp } from '../../src/rle/flows/realNvp.js';
import { affine } from '../../src/rle/flows/transforms.js';
import type { FlowActivation } from '../../src/rle/fused/flowShape.js';
import { MOST_POINTS, selectPointTile } from '../../src/rle/fused/selectFlow.js';
import { packParameters } from '../../src/tensor/arena.js';
import type { Capabilities } from '../../src/tensor/backend.js';
import { cpu } from '../../src/tensor/cpu.js';
import { Rng } from '../../src/tensor/rng.js';
import { scope } from '../../src/tensor/scope.js';
import type { Device, Tensor } from '../../src/tensor/tensor.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import { withGpu } from '../adapter.js';
import { BACKENDS, type Backend } from '../backends.js';
import { expectClose, norm, values } from '../numbers.js';
import { GPU_GRADIENT_RELATIVE, GPU_LOG_PROB, REFERENCE_RELATIVE } from '../tolerance.js';

type Map = 'logProb' | 'forward' | 'inverse';
type FlowFunction = (params: RealNvpParams, x: Tensor) => Tensor[];

const dimsOf = (params: RealNvpParams) => params.t[0][0].weight.shape[1];
const hiddenOf = (params: RealNvpParams) => params.t[0][0].weight.shape[0];
const shapeOf = (params: RealNvpParams, activation: FlowActivation = 'leakyRelu') => ({
  ...{ dims: dimsOf(params), hidden: hiddenOf(params), couplings: params.t.length, activation },
});
const fused = (params: RealNvpParams, activation?: FlowActivation) => realNvp(shapeOf(params, activation));
const composed = (params: RealNvpParams, activation?: FlowActivation) =>
  couplingFlow({ ...shapeOf(params, activation), transform: affine() });

const mapsOf = (flow: typeof fused, activation: FlowActivation): Record<Map, FlowFunction> => ({
  logProb: (p, x) => [flow(p, activation).logProb(p, x)],
  forward: (p, x) => [...flow(p, activation).forward(p, x)],
  inverse: (p, x) => [...flow(p, activation).inverse(p, x)],
});

/** Backends, and how many points they are given. */
interface Setting extends Backend {
  readonly points?: number;
}

/** The kernels that real GPUs get, on whatever adapter is there: tiles of one point, of four and of eight. */
const gpuTiers: readonly Setting[] = [
  {
    name: 'GPU of many processors for its points',
    open: () => webgpu({ assume: { tier: 'gpu', subgroupSize: 32 } }),
    tolerance: (_, g) => g,
  },
  {
    name: 'GPU of few registers',
    open: () => webgpu({ assume: { tier: 'gpu', subgroupSize: 0, vendor: 'intel', architecture: 'gen-9' } }),
    tolerance: (_, g) => g,
    points: 70,
  },
  {
    name: 'GPU of few processors for its points',
    open: () => webgpu({ assume: { tier: 'gpu', subgroupSize: 0, vendor: 'arm', architecture: '' } }),
    tolerance: (_, g) => g,
    points: 390,
  },
];
const SETTINGS: readonly Setting[] = withGpu ? [...BACKENDS, ...gpuTiers] : BACKENDS;

function flowOn(device: Device, dims: number): RealNvpParams {
  return packParameters(realNvp({ dims }).init(new Rng(dims), device));
}

function pointsOn(device: Device, n: number, dims: number): Tensor {
  const rng = new Rng(7);
  return device.tensor(
    Float32Array.from({ length: n * dims }, () => rng.normal()),
    [n, dims],
  );
}

async function valuesAndGradients(f: FlowFunction, device: Device, n: number, dims: number) {
  const params = flowOn(device, dims);
  const x = pointsOn(device, n, dims);
  const cotangents = [...scope(() => f(params, x).map((y) => y.shape))].map((shape, i) => {
    const rng = new Rng(20 + i);
    const size = shape.reduce((a, b) => a * b, 1);
    return device.tensor(
      Float32Array.from({ length: size }, () => rng.normal()),
      shape,
    );
  });
  const [ys, [dParams, dx]] = vjp(([p, at]: [RealNvpParams, Tensor]) => f(p, at), [params, x], cotangents);
  const gradients = new Map([...namedTensors(dParams), ['points', dx] as const]);
  return {
    ys: await Promise.all(ys.map(values)),
    gradients: await Promise.all([...gradients].map(async ([name, g]) => [name, await values(g)] as const)),
  };
}

const SAMPLES: readonly [Map, number, FlowActivation][] = [
  ['logProb', 2, 'leakyRelu'],
  ['logProb', 2, 'silu'],
  ['logProb', 3, 'leakyRelu'],
  ['forward', 2, 'leakyRelu'],
  ['inverse', 2, 'silu'],
];
/** Software drivers take half a minute to compile what was written for real GPUs. */
const OF_GPU_TIER = SAMPLES.slice(0, 1);

describe.each(SETTINGS)('on $name', ({ name: backend, open, tolerance, points: n = 37 }) => {
  test.each(gpuTiers.some(({ name }) => name === backend) ? OF_GPU_TIER : SAMPLES)(
    '%s over R^%i with %s: values and every gradient are those of the composed form',
    async (map, dims, activation) => {
      const expected = await valuesAndGradients(mapsOf(composed, activation)[map], cpu(), n, dims);
      const got = await valuesAndGradients(mapsOf(fused, activation)[map], await open(), n, dims);
      const close = {
        relative: tolerance(REFERENCE_RELATIVE, GPU_LOG_PROB.relative),
        absolute: tolerance(REFERENCE_RELATIVE, GPU_LOG_PROB.absolute),
      };
      got.ys.forEach((y, i) => {
        expectClose(y, expected.ys[i], close, `output ${i}`);
      });
      expect(got.gradients.length).toBe(73);
      for (const [i, [name, g]] of got.gradients.entries()) {
        const reference = expected.gradients[i][1];
        const off = norm(Array.from(g, (v, k) => v - reference[k]));
        expect(off, name).toBeLessThanOrEqual(tolerance(REFERENCE_RELATIVE, GPU_GRADIENT_RELATIVE) * norm(reference));
      }
    },
  );

  test('parameters outside of an arena, or used twice, get the same gradient', async () => {
    const device = await open();
    const loss = (p: RealNvpParams, x: Tensor) => add(sum(fused(p).logProb(p, x)), sum(square(p.s[0][0].weight)));
    const x = pointsOn(device, 19, 2);
    const loose = realNvp({ dims: 2 }).init(new Rng(2), device);
    const [a, b] = [grad(loss)(flowOn(device, 2), x), grad(loss)(loose, x)];
    const inB = namedTensors(b);
    for (const [name, g] of namedTensors(a)) {
      expect(Array.from(await values(g)), name).toEqual(Array.from(await values(inB.get(name) as Tensor)));
    }
  });
});

describe.runIf(withGpu)('dispatches', () => {
  test('one forward, two backward, and the gradients of 72 parameters lie where the optimiser reads them', async () => {
    const device = await webgpu();
    const params = flowOn(device, 2);
    const x = pointsOn(device, 40, 2);
    const g = device.tensor(new Float32Array(40).fill(1));
    const count = (work: () => unknown) => {
      const before = device.stats().dispatches;
      work();
      return device.stats().dispatches - before;
    };
    expect(count(() => fused(params).logProb(params, x))).toBe(1);
    expect(count(() => fused(params).sample(params, 40, new Rng(1)))).toBe(2); // the normals are one
    expect(count(() => vjp((p: RealNvpParams) => fused(p).logProb(p, x), params, g))).toBe(3);
    const [, gradient] = vjp((p: RealNvpParams) => fused(p).logProb(p, x), params, g);
    const [first, ...others] = [...namedTensors(gradient).values()];
    expect(others.every((t) => t.allocation === first.allocation)).toBe(true);
  });
});

test('more points than one launch takes go in parts', async () => {
  const device = cpu();
  const params = realNvp({ dims: 2, couplings: 2, hidden: 4 }).init(new Rng(3), device);
  const n = MOST_POINTS + 3;
  const x = pointsOn(device, n, 2);
  const close = { relative: REFERENCE_RELATIVE, absolute: REFERENCE_RELATIVE };
  expectClose(
    await values(fused(params).logProb(params, x)),
    await values(composed(params).logProb(params, x)),
    close,
    'log p',
  );
  expect(fused(params).forward(params, x)[0].shape).toEqual([n, 2]);
});

test('the tile follows what the adapter reports', () => {
  const capabilities = (tier: Capabilities['tier'], subgroupSize: number) =>
    ({ tier, subgroupSize }) as unknown as Capabilities;
  expect(selectPointTile(capabilities('software', 8), 64)).toMatchObject({ lanes: 8, broadcast: true });
  expect(selectPointTile(capabilities('software', 4), 64)).toMatchObject({ lanes: 4, broadcast: true });
  expect(selectPointTile(capabilities('software', 0), 64)).toMatchObject({ lanes: 16, broadcast: false });
  expect(selectPointTile(capabilities('gpu', 32), 64)).toMatchObject({ lanes: 16, tiles: 4, broadcast: false });
  expect(selectPointTile(capabilities('gpu', 32), 32)).toMatchObject({ lanes: 8, tiles: 8 });
  const intel = { ...capabilities('gpu', 0), vendor: 'intel' };
  expect(selectPointTile({ ...intel, narrowSubgroup: 8 }, 64)).toMatchObject({ lanes: 16, rows: 2, subgroup: 8 });
  expect(selectPointTile(capabilities('gpu', 32), 48)).toBeUndefined();
  expect(selectPointTile(capabilities('gpu', 32), 128)).toBeUndefined();
});

test('points share lanes, but where they are too few to give every processor two waves', () => {
  const rowsFor = (points: number, vendor: string, architecture: string) =>
    selectPointTile({ tier: 'gpu', subgroupSize: 0, vendor, architecture } as Capabilities, 64, points)?.rows;
  expect([136, 544, 2176, 16384].map((n) => rowsFor(n, 'nvidia', 'hopper'))).toEqual([1, 1, 2, 8]);
  expect([136, 544, 2176, 16384].map((n) => rowsFor(n, 'amd', 'rdna-3'))).toEqual([1, 1, 4, 8]);
  expect([136, 544, 2176, 16384].map((n) => rowsFor(n, 'intel', 'gen-12hp'))).toEqual([2, 2, 4, 4]);
});
