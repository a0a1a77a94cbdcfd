import { ShapeError } from '../../errors.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Pair, pair } from '../product/convGeometry.js';

/** Attributes of pooling; numbers stand for both axes. */
export interface PoolAttrs {
  /** Extents R, S of the window in pixels. */
  readonly kernel: number | Pair;
  /** Steps between windows in pixels; default: the kernel, so that windows tile the image. */
  readonly stride: number | Pair | undefined;
  /** Pixels added on both sides; at most half of the kernel, so that every window sees the image. */
  readonly padding: number | Pair;
}

export const POOL_DEFAULTS: PoolAttrs = { kernel: [2, 2], stride: undefined, padding: [0, 0] };

/** Attributes of ops that go from windows back to pixels: also the size of the image, which the windows do not tell. */
export interface UnpoolAttrs extends PoolAttrs {
  /** Extents H, W of the image. */
  readonly size: Pair;
}

// Written out, because bundlers keep an object that spreads another.
export const UNPOOL_DEFAULTS: UnpoolAttrs = { kernel: [2, 2], stride: undefined, padding: [0, 0], size: [2, 2] };

/** The geometry of P x Q windows of R x S pixels over N images of H x W x C. */
export interface Windows {
  readonly N: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly P: number;
  readonly Q: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/** The windows over images of shape [N, H, W, C], `P = floor((H + 2 padding - R) / stride) + 1`. */
export function windowsOver(op: string, shape: Shape, attrs: PoolAttrs): Windows {
  const kernel = pair(attrs.kernel);
  const stride = pair(attrs.stride ?? kernel);
  const padding = pair(attrs.padding);
  if (shape.length !== 4) {
    throw new ShapeError(`${op}: input must be [N, H, W, C], got ${formatShape(shape)}; reshape it to four axes`);
  }
  const whole = (pair: Pair, least: number) =>
    pair.length === 2 && pair.every((n) => Number.isInteger(n) && n >= least);
  if (!whole(kernel, 1) || !whole(stride, 1) || !whole(padding, 0)) {
    throw new ShapeError(
      `${op}: kernel [${kernel}], stride [${stride}] and padding [${padding}] must be pairs of integers, ` +
        'kernel and stride >= 1, padding >= 0',
    );
  }
  const [N, H, W, C] = shape;
  const count = (size: number, axis: 0 | 1) => {
    if (2 * padding[axis] > kernel[axis]) {
      throw new ShapeError(`${op}: padding [${padding}] is more than half of the kernel [${kernel}]; pad less`);
    }
    const room = size + 2 * padding[axis] - kernel[axis];
    if (room < 0) {
      throw new ShapeError(
        `${op}: kernel [${kernel}] does not fit into ${formatShape(shape)} with padding [${padding}]; use a smaller one`,
      );
    }
    return Math.floor(room / stride[axis]) + 1;
  };
  return { N, H, W, C, P: count(H, 0), Q: count(W, 1), kernel, stride, padding };
}

/** The windows whose pooled values have shape `pooled`; throws unless `size` gives just these. */
export function windowsOf(op: string, pooled: Shape, attrs: UnpoolAttrs): Windows {
  const windows = windowsOver(op, [pooled[0], ...pair(attrs.size), pooled[3]], attrs);
  if (pooled.length !== 4 || pooled[1] !== windows.P || pooled[2] !== windows.Q) {
    throw new ShapeError(
      `${op}: images of [${attrs.size}] have ${windows.P} x ${windows.Q} windows, got ${formatShape(pooled)}; ` +
        'pass the size of the image that was pooled',
    );
  }
  return windows;
}

/** Calls `visit(window, pixel)` with element indices for every pixel of every window, padding left out, row by row. */
export function eachPixel(windows: Windows, visit: (window: number, pixel: number) => void): void {
  const { N, H, W, C, P, Q, kernel, stride, padding } = windows;
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < P; p++) {
      const top = p * stride[0] - padding[0];
      for (let q = 0; q < Q; q++) {
        const left = q * stride[1] - padding[1];
        const window = ((n * P + p) * Q + q) * C;
        for (let h = Math.max(top, 0); h < Math.min(top + kernel[0], H); h++) {
          for (let w = Math.max(left, 0); w < Math.min(left + kernel[1], W); w++) {
            const pixel = ((n * H + h) * W + w) * C;
            for (let c = 0; c < C; c++) visit(window + c, pixel + c);
          }
        }
      }
    }
  }
}

/** Channels that a thread takes: four where they divide evenly. */
export function lanesOf(x: Tensor): 1 | 4 {
  return x.shape[x.rank - 1] % 4 === 0 ? 4 : 1;
}

/** The words of `Windows` in wgsl/windows.wgsl.ts. */
export function windowParams({ H, W, C, P, Q, kernel, stride, padding }: Windows, lanes: 1 | 4): number[] {
  return [H, W, P, Q, C / lanes, ...kernel, ...stride, ...padding];
}
