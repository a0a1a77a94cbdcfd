import { describe, expect, test } from 'vitest';
import { accumulate } from '../src/autograd/accumulate.js';
import { checkpoint } from '../src/autograd/checkpoint.js';
import { grad, valueAndGrad } from '../src/autograd/grad.js';
import { type OpObserver, observing } from '../src/autograd/observer.js';
import { defineOp, type Op, type OpDefinition, once } from '../src/autograd/op.js';
import type { Places } from '../src/autograd/tape.js';
import { DisposedError, ShapeError } from '../src/errors.js';
import { add, mul } from '../src/kernels/elementwise/arithmetic.js';
import { flatten } from '../src/kernels/layout/flatten.js';
import { reshape } from '../src/kernels/layout/reshape.js';
import { conv2d } from '../src/kernels/product/conv2d.js';
import { matmul } from '../src/kernels/product/matmul.js';
import { sum } from '../src/kernels/reduction/sum.js';
import * as batchNorm from '../src/nn/batchNorm.js';
import * as linear from '../src/nn/linear.js';
import { ARENA_ALIGNMENT, arenaOf, flatArenas, packParameters } from '../src/tensor/arena.js';

import { cpu } from '../src/tensor/cpu.js';
import { Rng } from '../src/tensor/rng.js';
import { sizeOf } from '../src/tensor/shape.js';
import type { Device, Tensor } from '../src/tensor/tensor.js';
import { tensorsOf } from '../src/tensor/tree.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { sharedGpu, withGpu } from './adapter.js';
import { cube, descend, fill, product, times, total } from './testOps.js';

const values = async (t: Tensor) => Array.from(await t.data());
const square = (x: Tensor) => product(x, x);

interface Params {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly bias: Tensor;
}

function params(device: Device, a = [1, 2, 3]): Params {
  return {
    a: device.tensor(a),
    b: device.tensor([4, 5, 6]),
    bias: device.tensor([0.5], []),
  };
}

/** `sum (a^2 b + bias)^3`, in which every parameter has a fan-out somewhere. */
function loss({ a, b, bias }: Params): Tensor {
  return total(cube()(accumulate(product(square(a), b), fill(bias, { shape: a.shape }))));
}

/** An op of two operands that adds them, whose VJP is a fault to plant. */
function planted(
  pull: (g: Tensor, places: Places) => [() => Tensor, () => Tensor],
): Op<[a: Tensor, b: Tensor], object> {
  const { vjp: _, ...sum } = accumulate.def as unknown as OpDefinition<object, Tensor>;
  return defineOp({ ...sum, vjp: (g, { places }) => pull(g, places) });
}

const backends: [name: string, shared: () => Promise<Device>, own: () => Promise<Device>][] = [
  ['cpu', async () => cpu(), async () => cpu()],
];
if (withGpu) backends.push(['webgpu', sharedGpu, webgpu]);

describe.each(backends)('arenas on %s', (_, open, own) => {
  test('parameters lie in one allocation at aligned offsets, and the originals are gone', async () => {
    const device = await open();
    const loose = params(device);
    const packed = packParameters(loose);
    expect(await values(packed.a)).toEqual([1, 2, 3]);
    expect(await values(packed.bias)).toEqual([0.5]);
    expect(new Set(tensorsOf(packed).map((t) => t.allocation)).size).toBe(1);
    expect(tensorsOf(packed).map((t) => t.offset)).toEqual([0, ARENA_ALIGNMENT, 2 * ARENA_ALIGNMENT]);
    expect(arenaOf(packed.a.allocation)?.slots.map(({ path, size }) => [path, size])).toEqual([
      ['a', 3],
      ['b', 3],
      ['bias', 1],
    ]);
    await expect(loose.a.data()).rejects.toThrow(DisposedError);
  });

  test('a tensor that was packed says where it has gone', async () => {
    const device = cpu();
    const w = device.tensor([1, 2]);
    const packed = packParameters({ w });
    await expect(w.data()).rejects.toThrow(
      /^data: tensor \d+ \[2\] is no longer there: packParameters has moved it; use the tree that packParameters returned\.$/,
    );
    expect(await values(packed.w)).toEqual([1, 2]);
  });

  test('gradients lie in one arena of the same layout, with zeros between them', async () => {
    const device = await open();
    const loose = params(device);
    const expected = grad(loss)(loose);
    const packed = packParameters(loose);
    const gradient = grad(loss)(packed);
    const leaves = tensorsOf(gradient);
    expect(new Set(leaves.map((g) => g.allocation)).size).toBe(1);
    expect(gradient.a.allocation).not.toBe(packed.a.allocation);
    expect(leaves.map((g) => g.offset)).toEqual(tensorsOf(packed).map((p) => p.offset));
    for (const key of ['a', 'b', 'bias'] as const) {
      expect(await values(gradient[key])).toEqual(await values(expected[key]));
    }
    const [flat] = flatArenas(leaves) as Tensor[];
    const all = await values(flat);
    expect(all.length).toBe(3 * ARENA_ALIGNMENT);
    expect(all.filter((x) => x !== 0).length).toBe(7);
  });

  test('cotangents that two parameters share, and parameters without a use', async () => {
    const packed = packParameters(params(await open()));
    const gradient = grad((p: Params) => total(accumulate(p.a, p.b)))(packed);
    expect(gradient.a.allocation).toBe(gradient.bias.allocation);
    expect(await values(gradient.a)).toEqual([1, 1, 1]);
    expect(await values(gradient.b)).toEqual([1, 1, 1]);
    expect(await values(gradient.bias)).toEqual([0]);
  });

  test('a gradient that lies in the place of another parameter', async () => {
    const packed = packParameters(params(await open()));
    // d (2 a) and d (2 b) are one tensor, in the place of a; of the swapped ones each lies where the other is wanted.
    const shared = planted((g, places) => {
      const both = once(() => times.apply([g], { factor: 2 }, [places[0]]));
      return [both, both];
    });
    const swapped = planted((g, places) => [
      () => times.apply([g], { factor: 3 }, [places[1]]),
      () => times.apply([g], { factor: 4 }, [places[0]]),
    ]);
    for (const [f, da, db] of [
      [shared, 2, 2],
      [swapped, 3, 4],
    ] as const) {
      const gradient = grad((p: Params) => total(f(p.a, p.b)))(packed);
      expect(await values(gradient.a)).toEqual([da, da, da]);
      expect(await values(gradient.b)).toEqual([db, db, db]);
      expect(gradient.b.allocation).toBe(gradient.a.allocation);
      expect(gradient.b.offset).toBe(packed.b.offset);
    }
  });

  test('gradients are made in their places: no copy follows', async () => {
    const device = await open();
    const rng = new Rng(1);
    const of = (...shape: number[]) =>
      device.tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform()),
        shape,
      );
    const { params: norm, state } = batchNorm.init(device, 3);
    const packed = packParameters({
      filter: of(3, 3, 2, 3),
      bias: of(3),
      norm,
      scale: of(1, 1, 3),
      matrix: of(3, 4),
      // Neighbours that are flattened: one tensor to whoever reads them.
      net: { weight: of(5, 4), bias: of(5) },
      head: linear.init(rng, device, { inputs: 4, outputs: 2 }),
    });
    const x = of(2, 5, 5, 2);
    const f = checkpoint((p: typeof packed) => {
      const [h] = batchNorm.apply(p.norm, state, conv2d(x, p.filter, p.bias, { padding: 1 }), { training: true });
      const rows = matmul(
        reshape(add(mul(h, p.scale), p.scale), { shape: [10, 5, 3] }),
        reshape(p.matrix, { shape: [3, 4] }),
      );
      return add(sum(square(linear.apply(p.head, rows))), sum(square(flatten(p.net))));
    });
    const copies: string[] = [];
    const watch: OpObserver = (name) => void copies.push(...(name === 'assign' ? [name] : []));
    observing(watch, () => grad(f)(packed));
    expect(copies).toEqual([]);
  });

  test('a parameter at two places of the tree', async () => {
    const device = await open();
    const w = device.tensor([1, 2, 3]);
    const tied = packParameters({ encoder: w, decoder: w });
    expect(tied.encoder).toBe(tied.decoder);
    const gradient = grad((p: typeof tied) => total(product(p.encoder, square(p.decoder))))(tied);
    expect(await values(gradient.encoder)).toEqual([3, 12, 27]);
    expect(flatArenas(tensorsOf(tied))?.length).toBe(1);
    expect(flatArenas(tensorsOf(gradient))?.length).toBe(1);
  });

  test('gradients of a part of an arena are tensors of their own', async () => {
    const packed = packParameters(params(await open()));
    const gradient = grad(([a]: Tensor[]) => total(square(a)))([packed.a]);
    expect(await values(gradient[0])).toEqual([2, 4, 6]);
    expect(arenaOf(gradient[0].allocation)).toBeUndefined();
    expect(flatArenas([packed.a])).toBeUndefined();
  });

  test('second derivatives of packed parameters', async () => {
    const packed = packParameters(params(await open()));
    const slope = (p: Params) => total(grad((q: Params) => total(cube()(q.a)))(p).a);
    expect(await values(grad(slope)(packed).a)).toEqual([6, 12, 18]);
  });

  test('what waits in an arena goes when the parameters go', async () => {
    const device = await own();
    for (const constant of [0, 1, 3]) device.scalar(constant);
    const before = device.memory().live.buffers;
    const packed = packParameters(params(device));
    for (const g of tensorsOf(grad(loss)(packed))) g.dispose();
    expect(device.memory().live.buffers).toBeGreaterThan(before);
    const outliving = tensorsOf(grad(loss)(packed));
    for (const p of tensorsOf(packed)) p.dispose();
    expect(device.memory().live.buffers).toBe(before + 1);
    for (const g of outliving) g.dispose();
    expect(device.memory().live.buffers).toBe(before);
    device.destroy();
  });

  test('1,000 steps with updates in place keep the number of buffers', async () => {
    const device = await own();
    let p = packParameters(params(device, [0.1, 0.2, 0.3]));
    const step = valueAndGrad(loss);
    const update = (w: Tensor, g: Tensor) => {
      const next = descend(w, g, { rate: 0.0001 });
      g.dispose();
      return next;
    };
    const counts = new Set<string>();
    const losses: number[] = [];
    for (let i = 0; i < 1000; i++) {
      const [value, gradient] = step(p);
      p = { a: update(p.a, gradient.a), b: update(p.b, gradient.b), bias: update(p.bias, gradient.bias) };
      if (i % 100 === 99) losses.push(await value.item());
      value.dispose();
      if (i > 2) counts.add(JSON.stringify([device.memory().live, device.memory().pooled.buffers]));
    }
    expect([...counts]).toHaveLength(1);
    expect(losses.every((x, i) => i === 0 || x < losses[i - 1])).toBe(true);
    device.destroy();
  });
});

describe('packParameters', () => {
  test('refuses what is not float32, by path', () => {
    const device = cpu();
    const tree = { net: { index: device.tensor([1], [1], 'int32') } };
    expect(() => packParameters(tree)).toThrow(ShapeError);
    expect(() => packParameters(tree)).toThrow(
      /packParameters: params.net.index is int32 \[1\], which has no gradient/,
    );
  });

  test('takes as many arenas as the binding limit asks for', async () => {
    const device = cpu();
    Object.defineProperty(device, 'capabilities', { value: { ...device.capabilities, maxBindingBytes: 1024 } });
    const tree = [100, 60, 130, 200].map((n) => device.tensor(Array.from({ length: n }, (_, i) => i)));
    const packed = packParameters(tree);
    const arenas = packed.map((t) => arenaOf(t.allocation));
    expect(arenas.map((arena) => arenas.indexOf(arena))).toEqual([0, 0, 2, 3]);
    expect(flatArenas(packed)?.map((t) => t.shape)).toEqual([[192], [192], [256]]);
    const gradient = grad((p: Tensor[]) => total(square(p[2])))(packed);
    expect(flatArenas(gradient)?.length).toBe(3);
    expect((await values(gradient[2]))[5]).toBe(10);
  });

  test('an updated parameter takes over the memory, and its old handle says so', async () => {
    const device = cpu();
    const packed = packParameters(params(device));
    const next = descend(packed.a, device.tensor([1, 1, 1]), { rate: 1 });
    expect(next.allocation).toBe(packed.a.allocation);
    expect(await values(next)).toEqual([0, 1, 2]);
    await expect(packed.a.data()).rejects.toThrow(
      /descend has updated it in place; use the tensor that descend returned/,
    );
    const early = (b: Tensor) => accumulate(total(square(b)), total(descend(b, b)));
    expect(() => grad(early)(packed.b)).toThrow(
      /descend: tensor \d+ \[3\] is updated in place, but an open tape still needs it/,
    );
  });
});
