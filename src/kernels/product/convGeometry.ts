import { ShapeError } from '../../errors.js';
import { formatShape, type Shape } from '../../tensor/shape.js';

export type Pair = readonly [height: number, width: number];

/** Attributes of a convolution; numbers stand for both axes. */
export interface ConvAttrs {
  readonly stride: number | Pair;
  readonly padding: number | Pair;
  readonly dilation: number | Pair;
  readonly groups: number;
}

/** The three convolutions; each maps two of input, filter and output (or their cotangents) to the third. */
export type Convolution = 'conv2d' | 'conv2dInput' | 'conv2dWeight';

export const CONV_DEFAULTS: ConvAttrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };

/** Attributes of `conv2dInput`: those of the convolution, and the size of its input. */
export interface Conv2dInputAttrs extends ConvAttrs {
  /** Height and width of the result: several input sizes give one output size, so it must be said. */
  readonly inputSize: Pair;
}

/** Attributes of `conv2dWeight`: those of the convolution, and the size of its filter. */
export interface Conv2dWeightAttrs extends ConvAttrs {
  /** Height and width of the filters. */
  readonly kernel: Pair;
}

/** Tensors, their specifications and views of their numbers alike. */
interface Shaped {
  readonly shape: Shape;
}

/** All extents of a convolution `x [batch, inH, inW, inC] * filter [R, S, inC / groups, outC] -> y [batch, outH, outW, outC]`. */
export interface ConvGeometry {
  readonly batch: number;
  readonly inSize: Pair;
  readonly inC: number;
  readonly outSize: Pair;
  readonly outC: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

export function pair(value: number | Pair): Pair {
  return Array.isArray(value) ? (value as unknown as Pair) : [value as number, value as number];
}

/** Output extent along one axis: `floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1`. */
function outExtent(size: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** Normalised attributes; throws on values that no convolution has. */
export function convAttrs(op: string, attrs: ConvAttrs) {
  const stride = pair(attrs.stride);
  const padding = pair(attrs.padding);
  const dilation = pair(attrs.dilation);
  const { groups } = attrs;
  const whole = (v: Pair, least: number) => v.length === 2 && v.every((n) => Number.isInteger(n) && n >= least);
  if (!whole(stride, 1) || !whole(dilation, 1) || !whole(padding, 0) || !Number.isInteger(groups) || groups < 1) {
    throw new ShapeError(
      `${op}: stride ${stride}, dilation ${dilation} and groups ${groups} must be integers (or pairs) >= 1 and padding ${padding} >= 0`,
    );
  }
  return { stride, padding, dilation, groups };
}

/** The geometry that an input and a filter give; throws ShapeError if they do not fit. */
export function forwardGeometry(op: string, x: Shaped, filter: Shaped, attrs: ConvAttrs): ConvGeometry {
  requireRank4(op, 'input [N, H, W, C]', x);
  requireRank4(op, 'filter [R, S, C / groups, K]', filter);
  const { stride, padding, dilation, groups } = convAttrs(op, attrs);
  const [batch, inH, inW, inC] = x.shape;
  const [kernelH, kernelW, groupC, outC] = filter.shape;
  if (groupC * groups !== inC) {
    throw new ShapeError(
      `${op}: input has ${inC} channels ${formatShape(x.shape)}, filter expects ${groupC * groups} ` +
        `${formatShape(filter.shape)} with groups ${groups}; filters are [R, S, C / groups, K]`,
    );
  }
  if (outC % groups !== 0) throw new ShapeError(`${op}: ${outC} output channels do not divide into ${groups} groups`);
  const outSize: Pair = [
    outExtent(inH, kernelH, stride[0], padding[0], dilation[0]),
    outExtent(inW, kernelW, stride[1], padding[1], dilation[1]),
  ];
  if (outSize[0] < 1 || outSize[1] < 1) {
    throw new ShapeError(
      `${op}: a ${kernelH}x${kernelW} filter (dilation ${dilation}) is larger than the ${inH}x${inW} input with padding ` +
        `${padding}; enlarge the input or the padding`,
    );
  }
  return {
    ...{ batch, inSize: [inH, inW], inC, outSize, outC },
    ...{ kernel: [kernelH, kernelW], stride, padding, dilation, groups },
  };
}

export function inputShape({ batch, inSize, inC }: ConvGeometry): number[] {
  return [batch, ...inSize, inC];
}

export function outputShape({ batch, outSize, outC }: ConvGeometry): number[] {
  return [batch, ...outSize, outC];
}

export function filterShape({ kernel, inC, groups, outC }: ConvGeometry): number[] {
  return [...kernel, inC / groups, outC];
}

/**
 * Whether every output pixel depends only on the input pixel at its place: then all three ops are matrix products of
 * pixels.
 */
export function isPointwise({ kernel, stride, padding, groups }: ConvGeometry): boolean {
  return groups === 1 && [...kernel, ...stride].every((n) => n === 1) && padding.every((n) => n === 0);
}

/** Floating-point operations of the convolution and of either gradient: two per tap, output and input channel. */
export function convFlop({ batch, outSize, outC, kernel, inC, groups }: ConvGeometry): number {
  return 2 * batch * outSize[0] * outSize[1] * outC * kernel[0] * kernel[1] * (inC / groups);
}

/**
 * Visits the terms of a convolution. Each visit names an element of `x`, the first of the `outC / groups` elements of a
 * filter that multiply it, and the first of the outputs that the products are added to; filter elements and outputs lie
 * in a row each.
 */
export function eachRun(g: ConvGeometry, visit: (x: number, filter: number, y: number) => void): void {
  const { inC, outC, groups } = g;
  const [H, W] = g.inSize;
  const [P, Q] = g.outSize;
  const [R, S] = g.kernel;
  const groupC = inC / groups;
  for (let n = 0, out = 0; n < g.batch; n++) {
    for (let p = 0; p < P; p++) {
      for (let q = 0; q < Q; q++, out += outC) {
        for (let r = 0; r < R; r++) {
          const h = p * g.stride[0] + r * g.dilation[0] - g.padding[0];
          if (h < 0 || h >= H) continue;
          for (let s = 0; s < S; s++) {
            const w = q * g.stride[1] + s * g.dilation[1] - g.padding[1];
            if (w < 0 || w >= W) continue;
            for (let c = 0; c < inC; c++) {
              const k = (Math.floor(c / groupC) * outC) / groups;
              visit(((n * H + h) * W + w) * inC + c, ((r * S + s) * groupC + (c % groupC)) * outC + k, out + k);
            }
          }
        }
      }
    }
  }
}

function requireRank4(op: string, what: string, { shape }: Shaped): void {
  if (shape.length !== 4) throw new ShapeError(`${op}: ${what} must have rank 4, got ${formatShape(shape)}`);
}

/** The geometry of the convolution of which `conv2dInput` is the adjoint. */
export function inputGeometry(g: Shaped, filter: Shaped, attrs: Conv2dInputAttrs): ConvGeometry {
  requireRank4('conv2dInput', 'g [N, P, Q, K]', g);
  const [batch, P, Q, K] = g.shape;
  const x = { shape: [batch, ...pair(attrs.inputSize), filter.shape[2] * attrs.groups] };
  const geometry = forwardGeometry('conv2dInput', x, filter, attrs);
  const [outH, outW] = geometry.outSize;
  if (outH !== P || outW !== Q || geometry.outC !== K) {
    throw new ShapeError(
      `conv2dInput: an input of ${pair(attrs.inputSize).join('x')} gives an output of ${outH}x${outW}x${geometry.outC}, ` +
        `but g is ${formatShape(g.shape)}; mend inputSize, the filter or the attributes`,
    );
  }
  return geometry;
}

/** The geometry of the convolution of which `conv2dWeight` is the adjoint. */
export function weightGeometry(x: Shaped, g: Shaped, attrs: Conv2dWeightAttrs): ConvGeometry {
  requireRank4('conv2dWeight', 'g [N, P, Q, K]', g);
  const [batch, P, Q, K] = g.shape;
  const filter = { shape: [...pair(attrs.kernel), x.shape[3] / attrs.groups, K] };
  const geometry = forwardGeometry('conv2dWeight', x, filter, attrs);
  const [outH, outW] = geometry.outSize;
  if (geometry.batch !== batch || outH !== P || outW !== Q) {
    throw new ShapeError(
      `conv2dWeight: ${pair(attrs.kernel).join('x')} filters on ${formatShape(x.shape)} give an output of ` +
        `[${geometry.batch}, ${outH}, ${outW}, ${K}], but g is ${formatShape(g.shape)}; mend kernel or the attributes`,
    );
  }
  return geometry;
}
