import { threadEntry } from '../../tensor/grid.js';
import { convParams, pixelPlace } from './convParams.wgsl.js';
import { bindingAfter, type Epilogue, laneEpilogueWgsl } from './epilogue.wgsl.js';

/**
 * Convolution with one invocation per output element: for groups so narrow that a tile would be mostly empty, such as
 * those of grouped convolutions.
 */
export default function conv2dDirect(epilogue: Epilogue): string {
  const y = bindingAfter(epilogue, 2);
  return /* wgsl */ `
${convParams}
${pixelPlace}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(${y}) var<storage, read_write> y: array<f32>;
@group(0) @binding(${y + 1}) var<uniform> p: ConvParams;
${laneEpilogueWgsl(epilogue, 2, 1)}

${threadEntry('i', 'arrayLength(&y)')}
  let k = i % p.outC;
  let place = placeOf(i / p.outC, p.outH, p.outW);
  let cAt = k / p.groupK * p.groupC;
  var sum = 0.0;
  for (var r = 0u; r < p.kernelH; r++) {
    let h = i32(place.y * p.strideH + r * p.dilationH) - i32(p.padH);
    if (h < 0 || h >= i32(p.inH)) { continue; }
    for (var s = 0u; s < p.kernelW; s++) {
      let w = i32(place.z * p.strideW + s * p.dilationW) - i32(p.padW);
      if (w < 0 || w >= i32(p.inW)) { continue; }
      let first = ((place.x * p.inH + u32(h)) * p.inW + u32(w)) * p.inC + cAt;
      let tap = (r * p.kernelW + s) * p.groupC;
      for (var c = 0u; c < p.groupC; c++) { sum = fma(x[first + c], filters[(tap + c) * p.outC + k], sum); }
    }
  }
  y[i] = finish(sum, columnOf(k, 1u), i, 1u);
}`;
}
