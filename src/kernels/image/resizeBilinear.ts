import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type View } from '../../tensor/backend.js';
import { GROUP, MAX_GROUPS } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { lanesOf } from '../pool/poolWindow.js';
import { type Pair, pair } from '../product/convGeometry.js';
import resizeCode, { resizeBilinearGrad as resizeGradCode } from '../wgsl/resizeBilinear.wgsl.js';

const resizes = /* @__PURE__ */ programs('resizeBilinear', resizeCode);
const spreads = /* @__PURE__ */ programs('resizeBilinearGrad', resizeGradCode);

/** Attributes of `resizeBilinear`. */
export interface ResizeAttrs {
  /** Height and width of the result; one number for both. */
  readonly size: number | Pair;
  /**
   * True: the centres of the corner pixels of both images lie on each other. False, the default as in PyTorch: the
   * corners of the images do, so that the picture fills the same area.
   */
  readonly alignCorners: boolean;
}

/** [N, H, W, C] with other sides. */
function resized(op: string, shape: Shape, attrs: ResizeAttrs): Shape {
  const size = pair(attrs.size);
  if (shape.length !== 4 || size.length !== 2 || !size.every((n) => Number.isInteger(n) && n > 0)) {
    throw new ShapeError(
      `${op}: wants [N, H, W, C] and a size of two integers >= 1, got ${formatShape(shape)} and ${formatShape(size)}; ` +
        'pass { size: [height, width] }',
    );
  }
  return [shape[0], ...size, shape[3]];
}

/** Input pixels per output pixel; the shift is that of pixel centres from the corner. */
function scaleOf(input: number, output: number, alignCorners: boolean): number {
  if (!alignCorners) return input / output;
  return output > 1 ? (input - 1) / (output - 1) : 0;
}

const shiftOf = (alignCorners: boolean) => (alignCorners ? 0 : 0.5);

/** Calls `visit(output pixel, input pixel, share)` for every pair of an image's pixels with a share. */
function eachShare(
  { shape: [, H, W] }: View,
  { shape: [, P, Q] }: View,
  alignCorners: boolean,
  visit: (to: number, from: number, share: number) => void,
): void {
  const shift = shiftOf(alignCorners);
  const taps = (at: number, input: number, output: number) => {
    const place = (at + shift) * scaleOf(input, output, alignCorners) - shift;
    const inside = Math.min(Math.max(place, 0), input - 1);
    const low = Math.floor(inside);
    return [
      [low, 1 - (inside - low)],
      [Math.min(low + 1, input - 1), inside - low],
    ];
  };
  for (let p = 0; p < P; p++) {
    for (let q = 0; q < Q; q++) {
      for (const [h, down] of taps(p, H, P)) {
        for (const [w, across] of taps(q, W, Q)) visit(p * Q + q, h * W + w, down * across);
      }
    }
  }
}

/** The words of `Params` in wgsl/resizeBilinear.wgsl.ts. */
function wordsOf([, H, W, C]: Shape, [, P, Q]: Shape, alignCorners: boolean, lanes: number): number[] {
  const scales = [scaleOf(H, P, alignCorners), scaleOf(W, Q, alignCorners), shiftOf(alignCorners)];
  return [H, W, P, Q, C / lanes, ...scales.map(f32bits)];
}

/** Workgroups along one row of pixels, for every row of every image. */
function linesOf([N, H, W, C]: Shape, lanes: number): readonly [number, number, number] {
  const along = Math.min(N * H, MAX_GROUPS);
  return [Math.ceil((W * C) / lanes / GROUP), along, Math.ceil((N * H) / along)];
}

/**
 * Images in another size, each pixel interpolated linearly between the four nearest: PyTorch's
 * `interpolate(mode='bilinear', size=size, align_corners=alignCorners)`, with channels last. Output pixel p of an axis lies at
 * `(p + 1/2) H / P - 1/2`, kept within the image, or with `alignCorners` at `p (H - 1) / (P - 1)`. Shrinking does not average.
 *
 * @param x [N, H, W, C], float32 or float16
 * @returns [N, P, Q, C] for `size` [P, Q]
 * @throws ShapeError if x has no four axes or the size is not two integers >= 1
 */
export const resizeBilinear: Op<[x: Tensor], ResizeAttrs> = /* @__PURE__ */ defineOp({
  name: 'resizeBilinear',
  arity: 1,
  attrs: { size: [0, 0], alignCorners: false },
  half: [0],
  shape: ([x], attrs) => ({ shape: resized('resizeBilinear', x.shape, attrs), dtype: x.dtype }),
  reference([x], [y], { alignCorners }) {
    const [N, H, W, C] = x.shape;
    const [, P, Q] = y.shape;
    y.data.fill(0);
    eachShare(x, y, alignCorners, (to, from, share) => {
      for (let n = 0; n < N; n++) {
        const [a, b] = [(n * P * Q + to) * C, (n * H * W + from) * C];
        for (let c = 0; c < C; c++) y.data[a + c] += share * x.data[b + c];
      }
    });
  },
  launches([x], [y], { alignCorners }) {
    const lanes = lanesOf(x);
    return [
      {
        program: resizes(lanes),
        read: [x],
        write: [y],
        params: wordsOf(x.shape, y.shape, alignCorners, lanes),
        grid: linesOf(y.shape, lanes),
      },
    ];
  },
  vjp: (g, { inputs: [x], attrs: { alignCorners } }) => [
    () => resizeBilinearGrad(g, { size: [x.shape[1], x.shape[2]], alignCorners }),
  ],
  keep: { inputs: [] },
});

/**
 * @internal The adjoint of `resizeBilinear`, which is its gradient: each pixel of an image of `size` adds up what the pixels of `g` took
 * from it, in a fixed order.
 *
 * @param g [N, P, Q, C]
 * @returns [N, H, W, C] for `size` [H, W]
 */
export const resizeBilinearGrad: Op<[g: Tensor], ResizeAttrs> = /* @__PURE__ */ defineOp({
  name: 'resizeBilinearGrad',
  arity: 1,
  attrs: { size: [0, 0], alignCorners: false },
  half: [0],
  shape: ([g], attrs) => ({ shape: resized('resizeBilinearGrad', g.shape, attrs), dtype: g.dtype }),
  reference([g], [y], { alignCorners }) {
    const [N, P, Q, C] = g.shape;
    const [, H, W] = y.shape;
    y.data.fill(0);
    eachShare(y, g, alignCorners, (from, to, share) => {
      for (let n = 0; n < N; n++) {
        const [a, b] = [(n * H * W + to) * C, (n * P * Q + from) * C];
        for (let c = 0; c < C; c++) y.data[a + c] += share * g.data[b + c];
      }
    });
  },
  launches([g], [y], { alignCorners }) {
    const lanes = lanesOf(g);
    return [
      {
        program: spreads(lanes),
        read: [g],
        write: [y],
        params: wordsOf(y.shape, g.shape, alignCorners, lanes),
        grid: linesOf(y.shape, lanes),
      },
    ];
  },
  vjp: (g, { inputs: [x], attrs: { alignCorners } }) => [
    () => resizeBilinear(g, { size: [x.shape[1], x.shape[2]], alignCorners }),
  ],
  keep: { inputs: [] },
});
