import type { OpCases } from '../../autograd/cases.js';
import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits } from '../../tensor/backend.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, requireDType } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { warpPixels as warpPixelsCode } from '../wgsl/affineWarp.wgsl.js';
import {
  noDerivative,
  SAMPLE_MATRICES,
  sampleColours,
  WARP_DEFAULTS,
  type WarpAttrs,
  warp,
  warpGrid,
  warpShape,
  warpTolerance,
} from './affineWarp.js';

const warps = /* @__PURE__ */ programs('warpPixels', warpPixelsCode);

/**
 * `affineWarp` of 8-bit pictures of any sizes: a pixel takes a fourth of the bytes that floats would take on the way to
 * the device, and pictures of different sizes need no padding.
 *
 * @param pixels uint32 [M]: the pictures one after the other, rows top to bottom, a pixel `r + 256 g + 65536 b + 2^24 a`
 * @param places uint32 [N, 3]: of each picture its first pixel in `pixels`, its height and its width; it must lie inside
 * @param matrix float32 [N, 6], from output pixels to the picture's, as in `affineWarp`
 * @param colour float32 [N, 4, C], C <= 4: gain, offset, low, high of levels 0 to 255
 * @returns float32 [N, height, width, C]
 * @throws ShapeError if the operands do not fit; it has no derivative, and says so when asked for one
 */
export const warpPixels: Op<[pixels: Tensor, places: Tensor, matrix: Tensor, colour: Tensor], WarpAttrs> =
  /* @__PURE__ */ defineOp({
    name: 'warpPixels',
    arity: 4,
    attrs: WARP_DEFAULTS,
    anyDType: true,
    shape([pixels, places, ...rest], attrs) {
      requireDType('warpPixels', [pixels, places], 'uint32');
      requireDType('warpPixels (after pixels and places)', rest, 'float32');
      const [N] = places.shape;
      const C = rest[1].shape[2];
      if (pixels.shape.length !== 1 || places.shape.length !== 2 || places.shape[1] !== 3) {
        throw new ShapeError(
          `warpPixels: pixels are ${formatShape(pixels.shape)} and places ${formatShape(places.shape)}, expected [M] and [N, 3]`,
        );
      }
      if (!(C >= 1 && C <= 4)) {
        throw new ShapeError(
          `warpPixels: colour is ${formatShape(rest[1].shape)}, expected [${N}, 4, C] with C from 1 to 4`,
        );
      }
      return { shape: warpShape('warpPixels', N, C, rest, attrs), dtype: 'float32' };
    },
    reference([pixels, places, matrix, colour], [y], { padding }) {
      warp(y, matrix, colour, padding, (n) => {
        const [first, H, W] = places.data.subarray(3 * n, 3 * n + 3);
        return (row, column, k) =>
          row >= 0 && row < H && column >= 0 && column < W
            ? (pixels.data[first + row * W + column] >>> (8 * k)) & 255
            : undefined;
      });
    },
    launches([pixels, places, matrix, colour], [y], { height, width, padding }) {
      const C = y.shape[3];
      return [
        {
          program: warps(C),
          read: [pixels, places, matrix, colour],
          write: [y],
          params: [0, 0, 0, height, width, f32bits(padding), C, 0, 0],
          grid: warpGrid(places.shape[0], height * width),
          split: { word: 0 },
        },
      ];
    },
    vjp: () => [null, null, noDerivative('warpPixels'), noDerivative('warpPixels')],
    keep: { inputs: [] },
  });

/** A word of four levels. */
const word = () => ({ dtype: 'uint32', hi: 2 ** 32 }) as const;

export const warpPixelsCases = (): OpCases => ({
  op: warpPixels,
  samples: [
    {
      inputs: [
        { shape: [50], ...word() },
        { shape: [3, 3], dtype: 'uint32', values: [0, 5, 4, 20, 3, 7, 41, 1, 2] },
        { shape: [3, 6], values: SAMPLE_MATRICES.flat() },
        { shape: [3, 4, 3], values: sampleColours(3, 3, 255) },
      ],
      attrs: { height: 6, width: 7 },
      order: 0,
    },
    ...[1, 2, 4].map((C) => ({
      inputs: [
        { shape: [12], ...word() },
        { shape: [1, 3], dtype: 'uint32' as const, values: [0, 4, 3] },
        { shape: [1, 6], values: SAMPLE_MATRICES[0] },
        { shape: [1, 4, C], values: sampleColours(1, C, 255) },
      ],
      attrs: { height: 3, width: 5, padding: 100 },
      order: 0 as const,
    })),
  ],
  errors: [
    {
      inputs: [{ shape: [9] }, { shape: [1, 3], dtype: 'uint32' }, { shape: [1, 6] }, { shape: [1, 4, 3] }],
      message: /warpPixels: operand 0 is float32, expected uint32/,
    },
    {
      inputs: [
        { shape: [9], dtype: 'uint32' },
        { shape: [2], dtype: 'uint32' },
        { shape: [1, 6] },
        { shape: [1, 4, 3] },
      ],
      message: /places \[2\], expected \[M\] and \[N, 3\]/,
    },
    {
      inputs: [
        { shape: [9], dtype: 'uint32' },
        { shape: [1, 3], dtype: 'uint32' },
        { shape: [1, 6] },
        { shape: [1, 4, 5] },
      ],
      message: /expected \[1, 4, C\] with C from 1 to 4/,
    },
    {
      inputs: [
        { shape: [9], dtype: 'uint32' },
        { shape: [2, 3], dtype: 'uint32' },
        { shape: [1, 6] },
        { shape: [2, 4, 3] },
      ],
      message: /matrix is \[1, 6\], expected \[2, 6\]/,
    },
  ],
  bench: [
    {
      name: 'crops of photographs, 32 of 480x360 to 256x192',
      inputs: [
        { shape: [32 * 480 * 360], ...word() },
        {
          shape: [32, 3],
          dtype: 'uint32',
          values: Array.from({ length: 32 }, (_, n) => [n * 480 * 360, 480, 360]).flat(),
        },
        { shape: [32, 6], values: Array.from({ length: 32 }, () => [1.5, 0.3, 10, -0.3, 1.5, 60]).flat() },
        { shape: [32, 4, 3], values: sampleColours(32, 3, 255) },
      ],
      attrs: { height: 256, width: 192 },
      flop: 32 * 256 * 192 * 3 * 16,
      bytes: 4 * 32 * (480 * 360 + 3 * 256 * 192),
    },
  ],
  tolerance: warpTolerance(),
});
