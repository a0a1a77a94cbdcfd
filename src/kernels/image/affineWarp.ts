import { defineOp, type Op, type TensorSpec } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type View } from '../../tensor/backend.js';
import { GROUP } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import affineWarpCode from '../wgsl/affineWarp.wgsl.js';

const warps = /* @__PURE__ */ programs('affineWarp', affineWarpCode);

/**
 * Attributes of `affineWarp` and `warpPixels`: the size of the crops in pixels, and the value of what lies outside of
 * the image.
 */
export interface WarpAttrs {
  /** Sides of the output. */
  readonly height: number;
  readonly width: number;
  /** The value of pixels outside of the image, in the unit of its pixels. */
  readonly padding: number;
}

/** @internal Attribute defaults; written out, so that bundlers can drop the ops. */
export const WARP_DEFAULTS: WarpAttrs = { height: 1, width: 1, padding: 0 };

/** @internal Throws unless there is a matrix and a colour for each of N images; returns the shape of the output. */
export function warpShape(
  op: string,
  N: number,
  C: number,
  [matrix, colour]: readonly TensorSpec[],
  { height, width }: WarpAttrs,
): Shape {
  for (const [name, spec, expected] of [
    ['matrix', matrix, [N, 6]],
    ['colour', colour, [N, 4, C]],
  ] as const) {
    if (!sameShape(spec.shape, expected)) {
      throw new ShapeError(`${op}: ${name} is ${formatShape(spec.shape)}, expected ${formatShape(expected)}`);
    }
  }
  return [N, height, width, C];
}

/** @internal Workgroups that belong to one image each, for so many threads per image. */
export function warpGrid(N: number, threads: number): readonly [number, number, number] {
  return [Math.ceil(threads / GROUP), N, 1];
}

/** @internal A pixel's channel of one image; undefined outside of it. */
export type Fetch = (row: number, column: number, channel: number) => number | undefined;

/** @internal The meaning of both warps; `fetchFrom` gives access to the pixels of image n. */
export function warp(y: View, matrix: View, colour: View, padding: number, fetchFrom: (n: number) => Fetch): void {
  const [N, height, width, C] = y.shape;
  let i = 0;
  for (let n = 0; n < N; n++) {
    const fetch = fetchFrom(n);
    const [a, b, c, d, e, f] = matrix.data.subarray(6 * n, 6 * n + 6);
    const [gain, offset, low, high] = [0, 1, 2, 3].map((row) => colour.data.subarray((4 * n + row) * C));
    for (let v = 0; v < height; v++) {
      for (let u = 0; u < width; u++) {
        const x = a * u + b * v + c;
        const z = d * u + e * v + f;
        const column = Math.floor(x);
        const row = Math.floor(z);
        const right = x - column;
        const below = z - row;
        for (let k = 0; k < C; k++) {
          const along = (r: number) =>
            (1 - right) * (fetch(r, column, k) ?? padding) + right * (fetch(r, column + 1, k) ?? padding);
          const value = gain[k] * ((1 - below) * along(row) + below * along(row + 1)) + offset[k];
          y.data[i++] = Math.min(Math.max(value, low[k]), high[k]);
        }
      }
    }
  }
}

/** @internal Stands for the gradient of an operand that has none: it throws if a tape asks for it. */
export function noDerivative(op: string): () => never {
  return () => {
    throw new ShapeError(
      `${op}: it prepares data and has no derivative; call it outside of grad, or pass its operands through stopGradient`,
    );
  };
}

/**
 * Affine image warp and colour change in one dispatch, `y[n,v,u,k] = clamp(gain x[n](A_n (u, v, 1))_k + offset, low, high)`,
 * with `x[n]` interpolated linearly between the centres of its pixels, which lie at whole coordinates (column, row), and
 * each of gain, offset, low, high given per image and channel. A flip is part of the matrix, a normalisation of the colour.
 *
 * @param images float32 [N, H, W, C]
 * @param matrix float32 [N, 6]: rows (a, b, c), (d, e, f) that take an output pixel (u, v) to the input point
 *   `(a u + b v + c, d u + e v + f)`, in pixels
 * @param colour float32 [N, 4, C]: gain, offset, low, high
 * @returns [N, height, width, C]
 * @throws ShapeError if the operands do not fit; it has no derivative, and says so when asked for one
 */
export const affineWarp: Op<[images: Tensor, matrix: Tensor, colour: Tensor], WarpAttrs> = /* @__PURE__ */ defineOp({
  name: 'affineWarp',
  arity: 3,
  attrs: WARP_DEFAULTS,
  shape([images, ...rest], attrs) {
    if (images.shape.length !== 4) {
      throw new ShapeError(`affineWarp: images are ${formatShape(images.shape)}, expected [N, H, W, C]`);
    }
    const [N, , , C] = images.shape;
    return { shape: warpShape('affineWarp', N, C, rest, attrs), dtype: 'float32' };
  },
  reference([images, matrix, colour], [y], { padding }) {
    const [, H, W, C] = images.shape;
    warp(
      y,
      matrix,
      colour,
      padding,
      (n) => (row, column, k) =>
        row >= 0 && row < H && column >= 0 && column < W
          ? images.data[((n * H + row) * W + column) * C + k]
          : undefined,
    );
  },
  launches([images, matrix, colour], [y], { height, width, padding }) {
    const [N, H, W, C] = images.shape;
    return [
      {
        program: warps(),
        read: [images, matrix, colour],
        write: [y],
        params: [0, 0, 0, height, width, f32bits(padding), C, H, W],
        grid: warpGrid(N, height * width * C),
        split: { word: 0 },
      },
    ];
  },
  vjp: () => [noDerivative('affineWarp'), noDerivative('affineWarp'), noDerivative('affineWarp')],
  keep: { inputs: [] },
});
