import { threadEntry } from '../../tensor/grid.js';
import { laneTypes } from './windows.wgsl.js';

/** One thread per row and channels, with the statistics given. */
export default function batchNormEval(lanes: 1 | 4): string {
  const { T } = laneTypes(lanes);
  return /* wgsl */ `
struct Params { C: u32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<${T}>;
@group(0) @binding(1) var<storage, read> gamma: array<${T}>;
@group(0) @binding(2) var<storage, read> beta: array<${T}>;
@group(0) @binding(3) var<storage, read> mean: array<${T}>;
@group(0) @binding(4) var<storage, read> variance: array<${T}>;
@group(0) @binding(5) var<storage, read_write> y: array<${T}>;
@group(0) @binding(6) var<uniform> p: Params;

${threadEntry('i', 'arrayLength(&y)')}
  let c = i % p.C;
  y[i] = (x[i] - mean[c]) * (gamma[c] * inverseSqrt(variance[c] + p.eps)) + beta[c];
}`;
}
