import { f32bits } from '../../tensor/backend.js';
import type { ConvGeometry } from '../product/convGeometry.js';
import { baseWords } from './wholeGroup.wgsl.js';

/** What every convolution kernel knows of its shapes; `x` is [batch, inH, inW, inC], `y` is [batch, outH, outW, outC]. */
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
  chunk: u32,      // how a sum is split: slabs or pixels per split; for an input gradient their number
  eps: f32,        // of the epilogue
}`;

/** Place of `baseWords` among the words. */
export const BASE_WORD = 17;

/** The words of `ConvParams`. */
export function convWords(g: ConvGeometry, chunk = 0, eps = 0): number[] {
  return [
    ...[g.batch, g.inSize[0], g.inSize[1], g.inC, g.outSize[0], g.outSize[1], g.outC],
    ...[g.inC / g.groups, g.outC / g.groups, ...g.kernel, ...g.stride, ...g.padding, ...g.dilation],
    ...[0, 0, 0, chunk, f32bits(eps)],
  ];
}
