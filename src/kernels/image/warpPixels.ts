import { defineOp, type Op } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits } from '../../tensor/backend.js';
import { programs } from '../../tensor/programs.js';
import { formatShape, requireDType } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { warpPixels as warpPixelsCode } from '../wgsl/affineWarp.wgsl.js';
import { noDerivative, WARP_DEFAULTS, type WarpAttrs, warp, warpGrid, warpShape } from './affineWarp.js';

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
