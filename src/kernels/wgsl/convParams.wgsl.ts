import { f32bits } from '../../tensor/backend.js';
import type { ConvGeometry } from '../product/convGeometry.js';
import { baseWords } from './wholeGroup.wgsl.js';

/**
 * What every convolution kernel knows of its shapes; `x` is [batch, inH, inW, inC], `y` is [batch, outH, outW, outC]. `chunk`
 * tells how a sum is split: slabs or pixels per split, for an input gradient their number. `eps` is the epilogue's.
 */
export const convParams = /* wgsl */ `
struct ConvParams {
  batch: u32, inH: u32, inW: u32, inC: u32,
  outH: u32, outW: u32, outC: u32,
  groupC: u32, groupK: u32,
  kernelH: u32, kernelW: u32,
  strideH: u32, strideW: u32,
  padH: u32, padW: u32,
  dilationH: u32, dilationW: u32,
  ${baseWords},
  chunk: u32, eps: f32,
}`;

/** Where a pixel of images of a size lies, as (image, line, place), with two divisions. */
export const pixelPlace = /* wgsl */ `
fn placeOf(pixel: u32, height: u32, width: u32) -> vec3u {
  let line = pixel / width;
  let image = line / height;
  return vec3u(image, line - image * height, pixel - line * width);
}`;

/** Place of `baseWords` among the words. */
export const BASE_WORD = 17;

/**
 * Along one axis: `hop = stride / gcd` with the gcd of stride and dilation, and the inverse of `dilation / gcd` modulo hop,
 * with which the first tap `t` where `t dilation = pixel + pad` modulo the stride is `(pixel + pad) / gcd * inverse % hop`.
 */
export function hopOf(stride: number, dilation: number): { readonly hop: number; readonly inverse: number } {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  const common = gcd(stride, dilation);
  const hop = stride / common;
  let inverse = 0;
  while ((inverse * (dilation / common)) % hop !== 1 % hop) inverse++;
  return { hop, inverse };
}

/**
 * Which taps along an axis reach a pixel of a convolution's input, of which the first tap sees `seen`: every `hop`-th from
 * `first` on. From one of them to the next the output pixel moves by `travel`. See `hopOf`.
 */
export const classTaps = /* wgsl */ `
struct Taps { first: u32, hop: u32, travel: u32, count: u32 }
fn taps(seen: u32, kernel: u32, stride: u32, dilation: u32, hop: u32, inverse: u32) -> Taps {
  let gcd = stride / hop;
  let first = seen / gcd * inverse % hop;
  let count = select(0u, (kernel - min(first, kernel) + hop - 1u) / hop, seen % gcd == 0u);
  return Taps(first, hop, dilation / gcd, count);
}`;

/** The words of `ConvParams`. */
export function convWords(g: ConvGeometry, chunk = 0, eps = 0): number[] {
  return [
    ...[g.batch, g.inSize[0], g.inSize[1], g.inC, g.outSize[0], g.outSize[1], g.outC],
    ...[g.inC / g.groups, g.outC / g.groups, ...g.kernel, ...g.stride, ...g.padding, ...g.dilation],
    ...[0, 0, 0, chunk, f32bits(eps)],
  ];
}
