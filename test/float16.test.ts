import { describe, expect, test } from 'vitest';
import { assign } from '../src/autograd/accumulate.js';
import { capture } from '../src/autograd/capture.js';
import { defineOp } from '../src/autograd/op.js';
import { DeviceError, ShapeError } from '../src/errors.js';
import { full } from '../src/kernels/creation/full.js';
import { add } from '../src/kernels/elementwise/arithmetic.js';
import { cast } from '../src/kernels/elementwise/cast.js';
import { cpu } from '../src/tensor/cpu.js';
import { float16Bits, float16Value, roundToFloat16 } from '../src/tensor/float16.js';
import { withHalfBindings } from '../src/tensor/float16Rewriter.js';
import type { Tensor } from '../src/tensor/tensor.js';
import { webgpu } from '../src/tensor/webgpu.js';
import { sharedGpu, withGpu } from './adapter.js';

/** All finite float16 numbers, ascending, from their bits alone: sign and magnitude order as integers do. */
const FINITE = Array.from({ length: 2 * 0x7c00 - 1 }, (_, i) => {
  const rank = i - (0x7c00 - 1);
  return float16Value(rank < 0 ? 0x8000 | -rank : rank);
});
const LARGEST = 65504;

/** The neighbours of a number among the float16 ones, found by search. */
function neighbours(x: number): [below: number, above: number] {
  let [low, high] = [0, FINITE.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (FINITE[middle] <= x) low = middle;
    else high = middle - 1;
  }
  return [FINITE[low], FINITE[low] === x ? x : FINITE[low + 1]];
}

/** The nearest by distance; of two the one whose last bit is 0. */
function nearest(x: number): number {
  const [below, above] = neighbours(x);
  if (x - below !== above - x) return x - below < above - x ? below : above;
  return float16Bits(below) % 2 === 0 ? below : above;
}

describe('conversion', () => {
  test('every pattern of bits stands for a number that has these bits', () => {
    const isWrong = (bits: number) => {
      const value = float16Value(bits);
      const isNan = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
      return isNan ? !Number.isNaN(value) : float16Bits(value) !== bits;
    };
    expect(Array.from({ length: 0x10000 }, (_, bits) => bits).filter(isWrong)).toEqual([]);
    expect(float16Bits(Number.NaN)).toBe(0x7e00);
    expect([float16Value(1), float16Value(0x400), float16Value(0x3c00), float16Value(0xfbff)]).toEqual([
      2 ** -24,
      2 ** -14,
      1,
      -LARGEST,
    ]);
  });

  test('numbers between two of them go to the nearer one, the middle to the even one', () => {
    for (let i = 1; i < FINITE.length; i++) {
      const [below, above] = [FINITE[i - 1], FINITE[i]];
      const middle = (below + above) / 2;
      const tiny = (above - below) * 2 ** -30;
      const even = float16Bits(below) % 2 === 0 ? below : above;
      if (roundToFloat16(middle) !== even) throw new Error(`${middle} became ${roundToFloat16(middle)}`);
      if (roundToFloat16(middle - tiny) !== below) throw new Error(`${middle} - ${tiny} did not fall`);
      if (roundToFloat16(middle + tiny) !== above) throw new Error(`${middle} + ${tiny} did not rise`);
    }
    expect([65519.99, 65520, -65520, 1e30].map(roundToFloat16)).toEqual([
      LARGEST,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe('a device without float16', () => {
  test('refuses it and says what helps; the reference holds it unrounded', async () => {
    expect(
      await cpu()
        .tensor([1 / 3], [1], 'float16')
        .item(),
    ).toBe(1 / 3);
    if (!withGpu) return;
    const device = await webgpu({ assume: { float16: false } });
    expect(() => device.zeros([2], 'float16')).toThrow(DeviceError);
    expect(() => cast(device.zeros([2]), { dtype: 'float16' })).toThrow(
      /has no float16 .*shader-f16.*stay with float32/,
    );
    device.destroy();
  });
});

test('float16 and float32 of one size do not mix; repeated operands and numbers may be float32', () => {
  const device = cpu();
  const [half, single] = [device.zeros([2, 3], 'float16'), device.zeros([2, 3])];
  expect(() => add(half, single)).toThrow(
    new ShapeError('add: operands are float16 and float32; convert one with cast(x, { dtype })'),
  );
  expect(add(half, device.zeros([3])).dtype).toBe('float16');
  expect(add(half, 1 / 3).dtype).toBe('float16');
  expect(add(device.zeros([3], 'float16'), single).dtype).toBe('float32');
});

describe('withHalfBindings', () => {
  const device = cpu();
  const rewrite = (label: string, code: string, read: Tensor[], write: Tensor[]) =>
    withHalfBindings({ program: { label, code }, read, write, grid: [1, 1, 1] }).program.code;
  const half = (size: number) => device.zeros([size], 'float16');
  const CODE = `
@group(0) @binding(0) var<storage, read> x: array<f32>; // x[0] is
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
fn main() { if (i >= arrayLength(&x) || x[0] == x[index[1]]) { return; } y[index[i]] = vec4f(box[0], max[x[2]], y[1].xy); }`;

  test('declares, widens and rounds float16 bindings, and leaves the others as they were', () => {
    expect(rewrite('rewrite', CODE, [half(4), device.zeros([4], 'uint32')], [half(8)])).toBe(`enable f16;

@group(0) @binding(0) var<storage, read> x: array<f16>; // x[0] is
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f16>>;
fn main() { if (i >= arrayLength(&x) || f32(x[0]) == f32(x[index[1]])) { return; } y[index[i]] = vec4<f16>(vec4f(box[0], max[f32(x[2])], vec4f(y[1]).xy)); }`);
    const launch = {
      program: { label: 'single', code: CODE },
      read: [device.zeros([4])],
      write: [],
      grid: [1, 1, 1] as const,
    };
    expect(withHalfBindings(launch)).toBe(launch);
  });

  test('an odd number of elements is one less than the words of 4 bytes hold', () => {
    expect(rewrite('odd', CODE, [half(3)], [])).toContain('i >= (arrayLength(&x) - 1u)');
  });

  test.each(['alias T = vec4f;', 'alias T=vec4f;'])(
    'reads %s, with spaces as in src and without them as in dist',
    (alias) => {
      const code = `${alias} @group(0) @binding(0) var<storage, read_write> y: array<T>; fn main() {y[0]=T(1);}`;
      expect(rewrite('alias', code, [], [half(4)])).toContain(
        'y: array<vec4<f16>>; fn main() {y[0] = vec4<f16>(T(1));}',
      );
    },
  );

  const DECLARED = '@group(0) @binding(1) var<storage, read_write> y: array<';
  const REFUSED: [code: string, because: string][] = [
    [`${DECLARED}vec2u>;`, 'declares binding 1 as no array of floats'],
    ...['y[i] += 1;', 'y[i + x[0]]++;', 'y[i] %= 2;', 'y[i].x = 1;', 'y[i][2] = 1;', 'y[i] <<= 1u;'].map(
      (line): [string, string] => [`${DECLARED}vec4f>; ${line}`, "changes an element of 'y' in place"],
    ),
    ...['let p = &y[0];', 'f(&y);', 'f(1, &y[i]);'].map((line): [string, string] => [
      `${DECLARED}f32>; ${line}`,
      "takes a pointer to 'y'",
    ]),
    [`${DECLARED}f32>; var y = array<f32, 4>();`, "has another array or vector 'y'"],
    [`${DECLARED}f32>; let y: vec2f = a;`, "has another array or vector 'y'"],
  ];

  test.each(REFUSED)('refuses %s', (code, because) => {
    const message = `webgpu: kernel 'planted' ${because}, so that it cannot be float16 (see OpDefinition.half)`;
    expect(() => rewrite('planted', code, [device.zeros([2])], [half(2)])).toThrow(new DeviceError(message));
  });

  test.each([
    'if (a == y[0]) { return; }',
    'let n = arrayLength(&y);',
    'let b = mask & y[0];',
    'z.y = y[1];',
    'let y = 2u;',
  ])('takes %s', (code) => {
    expect(rewrite('taken', `${DECLARED}u32>; ${code}`, [device.zeros([2])], [half(2)])).toContain('array<f16>');
  });

  test.each(REFUSED)('a kernel that may meet float16 is refused in float32 already: %s', (code, because) => {
    const read = '@group(0) @binding(0) var<storage, read> x: array<f32>;';
    const planted = (half?: readonly number[]) =>
      defineOp<[x: Tensor]>({
        name: 'planted',
        attrs: {},
        half,
        shape: ([x]) => x,
        reference: () => undefined,
        launches: ([x], [y]) => [
          { program: { label: 'planted', code: read + code }, read: [x], write: [y], grid: [1, 1, 1] },
        ],
        vjp: null,
      });
    const x = device.zeros([2]);
    const launch = (op: ReturnType<typeof planted>) => op.def.launches([x], [x], {}, undefined as never);
    expect(() => launch(planted([0]))).toThrow(because);
    expect(launch(planted())).toHaveLength(1);
  });
});

describe.runIf(withGpu)('on the GPU', () => {
  test('what is written is read again, whatever the length', async () => {
    const device = await sharedGpu();
    const all = [...FINITE, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const values of [all, all.slice(0, 63), [1.5], [0.1, 1e9, -1e-9]]) {
      const x = device.tensor(values, [values.length], 'float16');
      expect(await x.data()).toEqual(Float32Array.from(values, roundToFloat16));
      x.dispose();
    }
    expect(await full(device, { shape: [5], value: -0.75, dtype: 'float16' }).data()).toEqual(
      new Float32Array(5).fill(-0.75),
    );
    expect(await device.zeros([3], 'float16').data()).toEqual(new Float32Array(3));
  });

  test('widening is exact, rounding gives a neighbour', async () => {
    const device = await sharedGpu();
    const wide = cast(device.tensor(FINITE, [FINITE.length], 'float16'), { dtype: 'float32' });
    expect(await wide.data()).toEqual(Float32Array.from(FINITE));
    // Middles, their float32 neighbours, and numbers that float16 has.
    const values = FINITE.slice(1).flatMap((above, i) => {
      const middle = (FINITE[i] + above) / 2;
      return [middle, Math.fround(middle * (1 + 2 ** -23)), Math.fround(middle * (1 - 2 ** -23)), above];
    });
    const got = await cast(device.tensor(values), { dtype: 'float16' }).data();
    let toNearest = 0;
    values.forEach((x, i) => {
      if (!neighbours(x).includes(got[i])) throw new Error(`${x} became ${got[i]}`);
      if (got[i] === nearest(x)) toNearest++;
    });
    // More than half of them, whichever way the device rounds: towards zero it misses about a third.
    expect(toNearest / values.length).toBeGreaterThan(0.5);
  });

  test('a captured step copies an odd number of elements in and updates nothing beside them', async () => {
    const device = await sharedGpu();
    const step = capture((state: { sum: Tensor }, { x }: { x: Tensor }) => ({
      state: { sum: assign(state.sum, cast(x, { dtype: 'float32' })) },
    }));
    let state = { sum: device.zeros([5]) };
    for (let k = 0; k < 4; k++) {
      const values = [k, k + 0.5, -k, 2 * k, 0.25];
      ({ state } = step(state, { x: device.tensor(values, [5], 'float16') }));
      expect(Array.from(await state.sum.data())).toEqual(values);
    }
    step.dispose();
  });
});
