import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { vjp } from '../src/autograd/grad.js';
import * as k from '../src/kernels/index.js';

import type { Device, Tensor } from '../src/tensor/tensor.js';
import { BACKENDS } from './backends.js';
import { expectClose, flat, type Nested, shapeOf, values } from './numbers.js';
import { gradientTolerance, kernelTolerance, REFERENCE_RELATIVE } from './tolerance.js';

/** JSON has no names for infinity and NaN. */
const NAMES: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN };
type Case = Readonly<Record<string, Nested>> & { readonly attrs: Readonly<Record<string, number | [number, number]>> };

const golden = JSON.parse(
  readFileSync(new URL('golden/torch_edges.json', import.meta.url), 'utf8'),
  (_, value) => NAMES[value] ?? value,
) as {
  readonly convTranspose2d: readonly Case[];
  readonly pow: Readonly<Record<'a' | 'b' | 'y' | 'da' | 'db', number[]>>;
  readonly rows: Readonly<Record<'x' | 'softmax' | 'logSoftmax' | 'logSumExp', Nested>>;
};

const upload = (device: Device, nested: Nested): Tensor =>
  device.tensor(Float64Array.from(flat(nested)), shapeOf(nested));

/** -0 + 0 = 0: gradients have no sign of zero to agree on. */
const unsigned = (x: number) => x + 0;

/** Specials alike, signs of zero and infinity included; numbers within `relative`. */
function expectAlike(
  got: ArrayLike<number>,
  expected: readonly number[],
  relative: number,
  name: (i: number) => string,
) {
  const isAlike = (x: number, y: number) =>
    Object.is(x, y) || (y !== 0 && Number.isFinite(y) && Math.abs(x - y) <= relative * Math.abs(y));
  const wrong = expected.flatMap((y, i) => (isAlike(got[i], y) ? [] : [`${name(i)}: got ${got[i]}, expected ${y}`]));
  expect(wrong).toEqual([]);
}

describe.each(BACKENDS)('edges as in PyTorch on $name', ({ open, tolerance }) => {
  const relative = tolerance(REFERENCE_RELATIVE, gradientTolerance(kernelTolerance(100)).relative);

  test('convTranspose2d of 60 random geometries, output padding below stride or dilation', async () => {
    const device = await open();
    const nhwc = (x: Tensor) => k.permute(x, { order: [0, 2, 3, 1] });
    for (const { attrs, x, weight, y, cotangent, dx, dweight } of golden.convTranspose2d) {
      const { output_padding: outputPadding, ...rest } = attrs;
      const run = (at: { x: Tensor; weight: Tensor }) => {
        const filter = k.permute(at.weight, { order: [2, 3, 1, 0] });
        const all = k.convTranspose2d(nhwc(at.x), filter, { ...rest, outputPadding });
        return k.permute(all, { order: [0, 3, 1, 2] });
      };
      const at = { x: upload(device, x), weight: upload(device, weight) };
      const [value, gradient] = vjp(run, at, upload(device, cotangent));
      const close = { relative, absolute: 4 * relative };
      expect(value.shape).toEqual(shapeOf(y));
      expectClose(await values(value), y, close, `y of ${JSON.stringify(attrs)}`);
      expectClose(await values(gradient.x), dx, close, `dx of ${JSON.stringify(attrs)}`);
      expectClose(await values(gradient.weight), dweight, close, `dweight of ${JSON.stringify(attrs)}`);
    }
  });

  test('pow and its gradients at zeros, infinities, NaN, odd, even and broken exponents', async () => {
    const device = await open();
    const { a, b, y, da, db } = golden.pow;
    const at = { a: device.tensor(a), b: device.tensor(b) };
    const [value, gradient] = vjp((x: typeof at) => k.pow(x.a, x.b), at, device.tensor(a.map(() => 1)));
    const name = (what: string) => (i: number) => `${what} of pow(${a[i]}, ${b[i]})`;
    expectAlike(await values(value), y, relative, name('value'));
    expectAlike(await values(k.add(gradient.a, 0)), da.map(unsigned), relative, name('da'));
    expectAlike(await values(k.add(gradient.b, 0)), db.map(unsigned), relative, name('db'));
  });

  test('softmax, logSoftmax and logSumExp of all triples of infinities, NaN and numbers', async () => {
    const device = await open();
    const x = upload(device, golden.rows.x);
    const name = (i: number) => `element ${i}`;
    expectAlike(await values(k.softmax(x)), flat(golden.rows.softmax), relative, name);
    expectAlike(await values(k.logSoftmax(x)), flat(golden.rows.logSoftmax), relative, name);
    expectAlike(await values(k.logSumExp(x, { axes: -1 })), flat(golden.rows.logSumExp), relative, name);
  });
});
