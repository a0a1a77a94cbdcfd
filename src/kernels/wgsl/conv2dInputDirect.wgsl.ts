import { threadEntry } from '../../tensor/grid.js';
import { convParams, pixelPlace } from './convParams.wgsl.js';

/** Gradient of a narrow-grouped convolution for its input, one invocation per input element. */
export default (): string => /* wgsl */ `
${convParams}
${pixelPlace}
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: ConvParams;

${threadEntry('i', 'arrayLength(&dx)')}
  let channel = i % p.inC;
  let place = placeOf(i / p.inC, p.inH, p.inW);
  let c = channel % p.groupC;
  let kAt = channel / p.groupC * p.groupK;
  var sum = 0.0;
  for (var r = 0u; r < p.kernelH; r++) {
    let top = i32(place.y + p.padH) - i32(r * p.dilationH);
    let row = top / i32(p.strideH);
    if (top < 0 || top % i32(p.strideH) != 0 || row >= i32(p.outH)) { continue; }
    for (var s = 0u; s < p.kernelW; s++) {
      let left = i32(place.z + p.padW) - i32(s * p.dilationW);
      let q = left / i32(p.strideW);
      if (left < 0 || left % i32(p.strideW) != 0 || q >= i32(p.outW)) { continue; }
      let first = ((place.x * p.outH + u32(row)) * p.outW + u32(q)) * p.outC + kAt;
      let tap = ((r * p.kernelW + s) * p.groupC + c) * p.outC + kAt;
      for (var k = 0u; k < p.groupK; k++) { sum = fma(g[first + k], filters[tap + k], sum); }
    }
  }
  dx[i] = sum;
}`;
