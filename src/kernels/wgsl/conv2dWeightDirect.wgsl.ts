import { threadEntry } from '../../tensor/grid.js';
import { convParams } from './convParams.wgsl.js';

/**
 * Gradient of a narrow-grouped convolution for its filters: one invocation per filter element and range of `chunk` output
 * pixels; the ranges' sums are added by a second stage.
 */
export default (): string => /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> p: ConvParams;

${threadEntry('i', 'arrayLength(&partial)')}
  let size = p.kernelH * p.kernelW * p.groupC * p.outC;
  let k = i % p.outC;
  let c = k / p.groupK * p.groupC + i / p.outC % p.groupC;
  let tap = i % size / (p.outC * p.groupC);
  let shiftH = i32(tap / p.kernelW * p.dilationH) - i32(p.padH);
  let shiftW = i32(tap % p.kernelW * p.dilationW) - i32(p.padW);
  let start = i / size * p.chunk;
  let end = min(start + p.chunk, p.batch * p.outH * p.outW);
  var sum = 0.0;
  for (var pixel = start; pixel < end; pixel++) {
    let h = i32(pixel / p.outW % p.outH * p.strideH) + shiftH;
    let w = i32(pixel % p.outW * p.strideW) + shiftW;
    if (h < 0 || h >= i32(p.inH) || w < 0 || w >= i32(p.inW)) { continue; }
    let first = ((pixel / (p.outH * p.outW) * p.inH + u32(h)) * p.inW + u32(w)) * p.inC + c;
    sum = fma(x[first], g[pixel * p.outC + k], sum);
  }
  partial[i] = sum;
}`;
