import { describe, expect, test } from 'vitest';
import { grad } from '../src/autograd/grad.js';
import { defineOp, type Op } from '../src/autograd/op.js';
import { ShapeError } from '../src/errors.js';
import { scope } from '../src/tensor/scope.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { sizeClass } from '../src/tensor/webgpuPool.js';
import { sharedGpu, withGpu } from './adapter.js';
import { cube, elementwise, kernel, launch, product, times, total } from './testOps.js';

const values = async (t: Tensor) => Array.from(await t.data());
const MEBIBYTE = 2 ** 20;

test('sizeClass wastes at most an eighth and has eight classes an octave', () => {
  expect([1, 256, 257, 1000, 1025].map(sizeClass)).toEqual([256, 256, 512, 1024, 1280]);
  for (let bytes = 4096; bytes < 1e9; bytes = Math.ceil(bytes * 1.013)) {
    const size = sizeClass(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size).toBeLessThanOrEqual(bytes * 1.125);
    expect(sizeClass(size)).toBe(size);
    expect(size % 256).toBe(0);
  }
  const octave = new Set(Array.from({ length: 4096 }, (_, i) => sizeClass(MEBIBYTE + 1 + i * 256)));
  expect(octave.size).toBe(8);
});

describe.runIf(withGpu)('data on the GPU', () => {
  test('float32, int32 and uint32 come back as they went', async () => {
    const device = await sharedGpu();
    const floats = new Float32Array([0, -0, 1.5, 2 ** -149, 3.4e38, Number.POSITIVE_INFINITY]);
    expect(await device.tensor(floats).data()).toEqual(floats);
    expect(await device.tensor([-5, 2 ** 31 - 1], [2], 'int32').data()).toEqual(new Int32Array([-5, 2 ** 31 - 1]));
    expect(await device.tensor(new Uint32Array([7, 2 ** 32 - 1])).data()).toEqual(new Uint32Array([7, 2 ** 32 - 1]));
    expect((await device.tensor([Number.NaN]).data())[0]).toBeNaN();
    expect(await device.zeros([2, 2], 'int32').data()).toEqual(new Int32Array(4));
  });

  test('shared memory, views and plain arrays can be uploaded', async () => {
    const device = await sharedGpu();
    const shared = new Float32Array(new SharedArrayBuffer(12));
    shared.set([1, 2, 3]);
    expect(await values(device.tensor(shared))).toEqual([1, 2, 3]);
    expect(await values(device.tensor(new Float32Array([9, 1, 2]).subarray(1)))).toEqual([1, 2]);
    expect(await values(device.tensor(new Float64Array([0.5])))).toEqual([0.5]);
    expect(() => device.tensor([1, 2], [3])).toThrow(ShapeError);
  });

  test('zeros are zero in a used buffer', async () => {
    const device = await webgpu();
    device.tensor([1, 2, 3]).dispose();
    expect(device.memory().pooled.buffers).toBe(1);
    expect(await values(device.zeros([3]))).toEqual([0, 0, 0]);
    expect(device.memory().pooled.buffers).toBe(0);
    device.destroy();
  });

  test('a write comes between the dispatches before and after it', async () => {
    const device = await sharedGpu();
    const x = device.tensor([1, 2]);
    const first = times(x, { factor: 10 });
    device.write(x, [3, 4]);
    const second = times(x, { factor: 10 });
    x.dispose();
    const reused = device.tensor([5, 6]); // takes over the buffer that queued dispatches still read
    expect(await values(second)).toEqual([30, 40]);
    expect(await values(first)).toEqual([10, 20]);
    expect(await values(reused)).toEqual([5, 6]);
  });
});

describe.runIf(withGpu)('the pool and its caches', () => {
  test('memory() counts size classes, live and pooled, and the peak', async () => {
    const device = await webgpu();
    const a = device.zeros([100]);
    const b = device.zeros([1000, 3]);
    expect(device.memory().live).toEqual({ buffers: 2, bytes: 512 + 12288 });
    b.dispose();
    expect(device.memory()).toEqual({
      live: { buffers: 1, bytes: 512 },
      pooled: { buffers: 1, bytes: 12288 },
      peakBytes: 512 + 12288,
    });
    const c = device.zeros([3000]);
    expect(device.memory().pooled.buffers).toBe(0);
    for (const t of [a, c]) t.dispose();
    expect(device.memory().live).toEqual({ buffers: 0, bytes: 0 });
    device.destroy();
  });

  test('a repeated step makes no buffer, no pipeline and no bind group', async () => {
    const device = await webgpu();
    const x = device.tensor([1, 2, 3]);
    const step = () => {
      for (const t of [grad((p: Tensor) => total(cube()(product(p, p))))(x)]) t.dispose();
      device.flush();
    };
    step();
    step();
    const before = { ...device.stats(), ...device.memory() };
    for (let i = 0; i < 5; i++) step();
    const after = { ...device.stats(), ...device.memory() };
    expect(after.dispatches).toBeGreaterThan(before.dispatches);
    expect(after.submits).toBe(before.submits + 5);
    expect({ ...after, dispatches: 0, submits: 0 }).toEqual({ ...before, dispatches: 0, submits: 0 });
    device.destroy();
  });

  test('uniforms survive when the ring wraps before a read', async () => {
    const device = await sharedGpu();
    const x = device.tensor([1]);
    const results = Array.from({ length: 2500 }, (_, factor) => times(x, { factor }));
    const read = await Promise.all(results.map(async (y) => (await y.data())[0]));
    expect(read).toEqual(Array.from({ length: 2500 }, (_, factor) => factor));
    for (const y of results) y.dispose();
  });

  test('scratch passes from launch to launch and goes back', async () => {
    const device = await webgpu();
    const viaScratch: Op<[x: Tensor], object> = defineOp({
      name: 'viaScratch',
      attrs: {},
      shape: ([x]) => x,
      reference: () => undefined,
      launches([x], [y], _, { scratch }) {
        const middle = scratch(x.size);
        const grid = [1, 1, 1] as const;
        return [
          { program: elementwise('viaScratch 1', ['x'], 'x[i] + 1.0'), read: [x], write: [middle], grid },
          { program: elementwise('viaScratch 2', ['x'], 'x[i] * 2.0'), read: [middle], write: [y], grid },
        ];
      },
      vjp: null,
    });
    expect(await values(viaScratch(device.tensor([1, 2, 3])))).toEqual([4, 6, 8]);
    expect(device.memory().pooled.buffers).toBe(1);
    device.destroy();
  });

  test('scratch goes back when a launch is refused', async () => {
    const device = await webgpu();
    const refused: Op<[x: Tensor], object> = defineOp({
      name: 'refused',
      attrs: {},
      shape: ([x]) => x,
      reference: () => undefined,
      launches([x], _outputs, _attrs, { scratch }) {
        scratch(x.size);
        throw new ShapeError('planted');
      },
      vjp: null,
    });
    const x = device.tensor([1, 2, 3]);
    expect(() => scope(() => refused(x))).toThrow('planted');
    expect(device.memory().live.buffers).toBe(1);
    device.destroy();
  });

  test('two programs of one label each run their own code; a read of freed memory is refused', async () => {
    const device = await sharedGpu();
    const x = device.tensor([1, 2]);
    const run = (expression: string) =>
      kernel('times', (a, y) => launch(elementwise('times', ['a'], expression), [a], y))(x);
    const [doubled, tripled] = [run('a[i] * 2.0'), run('a[i] * 3.0')];
    expect(await values(doubled)).toEqual([2, 4]);
    expect(await values(tripled)).toEqual([3, 6]);
    const before = device.stats().pipelines;
    expect(await values(run('a[i] * 2.0'))).toEqual([2, 4]);
    expect(device.stats().pipelines).toBe(before);
    x.dispose();
    await expect(device.read(x)).rejects.toThrow(/^read: tensor/);
  });
});

describe.runIf(withGpu)('launches', () => {
  const numbered = (label: string, flop: number) =>
    kernel(label, (x, y) => {
      const code = {
        label: 'numbered',
        code: /* wgsl */ `
struct Params { unused: u32, x: u32, y: u32, z: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let i = group.y + params.y;
  y[i] = x[i] + f32(i);
}`,
      };
      return [
        {
          program: code,
          read: [x],
          write: [y],
          params: [0, 0, 0, 0],
          grid: [1, y.size, 1],
          split: { word: 1, flop },
        },
      ];
    });

  test.each([
    [1e9, 1],
    [80e9, 5],
    [1e15, 13],
  ])('of %s FLOP are cut into %s dispatches with equal results', async (flop, pieces) => {
    const device = await sharedGpu();
    const x = device.tensor(new Float32Array(13));
    const before = device.stats().dispatches;
    const y = numbered(`numbered ${flop}`, flop)(x);
    expect(device.stats().dispatches - before).toBe(pieces);
    expect(await values(y)).toEqual(Array.from({ length: 13 }, (_, i) => i));
  });

  test('beyond 65535 workgroups are cut where they may be, else refused', async () => {
    const device = await sharedGpu();
    const x = device.tensor(new Float32Array(70000));
    const data = await numbered('numbered long', 1)(x).data();
    expect([data[0], data[65535], data[69999]]).toEqual([0, 65535, 69999]);
    const wide = kernel('wide', (a, y) => [
      { ...launch(elementwise('wide', ['a'], 'a[i]'), [a], y)[0], grid: [65536, 1, 1] },
    ]);
    expect(() => wide(x)).toThrow(/kernel 'wide' asks for a grid of 65536 x 1 x 1; an axis may have 65535/);
  });

  test('timestamps give every dispatch a time, where the adapter has them', async () => {
    const device = await sharedGpu();
    const x = device.tensor(new Float32Array(64));
    const profile = device.profile(() => {
      product(times(x, { factor: 2 }), x);
    });
    if (device.capabilities.timestamps) {
      const { dispatches } = await profile;
      expect(dispatches.map(({ label }) => label)).toEqual(['times', 'product']);
      for (const { start, end } of dispatches) expect(end).toBeGreaterThan(start);
      expect(dispatches[1].start).toBeGreaterThan(dispatches[0].start);
    } else await expect(profile).rejects.toThrow(/no timestamp queries/);
  });
});
