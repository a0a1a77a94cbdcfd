/**
 * Where the output pixel `p` of an axis lies in the input, whose pixels are at whole coordinates, and how much of the input
 * pixel `h` it takes: a hat of half-width 1. Both kernels ask here, so that they are each other's adjoint to the bit.
 */
const hat = /* wgsl */ `
struct Params { inH: u32, inW: u32, outH: u32, outW: u32, inner: u32, scaleH: f32, scaleW: f32, shift: f32 }

fn source(at: u32, scale: f32, size: u32) -> f32 {
  return clamp((f32(at) + p.shift) * scale - p.shift, 0, f32(size - 1));
}
fn share(place: f32, pixel: u32) -> f32 { return max(0, 1 - abs(place - f32(pixel))); }`;

/** Workgroups lie along one row of pixels and their channels (four where they fit), so that rows are found once for each. */
const thread = (rows: string, columns: string) => /* wgsl */ `
@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let line = group.z * groups.y + group.y;
  let length = p.${columns} * p.inner;
  let t = line * length + id.x;
  if (id.x >= length || t >= arrayLength(&y)) { return; }
  let column = id.x / p.inner;
  let c = id.x % p.inner;
  let image = line / p.${rows};
  let row = line % p.${rows};`;

/** Each output pixel from four pixels of the input. */
export default function resizeBilinear(lanes: 1 | 4): string {
  const type = lanes === 4 ? 'vec4f' : 'f32';
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read_write> y: array<${type}>;
@group(0) @binding(2) var<uniform> p: Params;
${hat}
${thread('outH', 'outW')}
  let down = source(row, p.scaleH, p.inH);
  let across = source(column, p.scaleW, p.inW);
  let h0 = u32(down);
  let w0 = u32(across);
  let below = down - f32(h0);
  let right = across - f32(w0);
  let top = (image * p.inH + h0) * p.inW;
  let bottom = top + select(0u, p.inW, h0 + 1u < p.inH);
  let w1 = min(w0 + 1u, p.inW - 1u);
  let above = x[(top + w0) * p.inner + c] * (1 - right) + x[(top + w1) * p.inner + c] * right;
  let under = x[(bottom + w0) * p.inner + c] * (1 - right) + x[(bottom + w1) * p.inner + c] * right;
  y[t] = above * (1 - below) + under * below;
}`;
}

/**
 * The adjoint: each input pixel adds up the output pixels that take from it, in order. Rounding may misplace the ends of their
 * range by a pixel, but the shares there are about 0.
 */
export function resizeBilinearGrad(lanes: 1 | 4): string {
  const type = lanes === 4 ? 'vec4f' : 'f32';
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> g: array<${type}>;
@group(0) @binding(1) var<storage, read_write> y: array<${type}>;
@group(0) @binding(2) var<uniform> p: Params;
${hat}
fn first(pixel: u32, scale: f32) -> u32 {
  return select(u32(max(0, floor((f32(pixel) - 1 + p.shift) / scale - p.shift))), 0u, scale == 0);
}
fn end(pixel: u32, scale: f32, size: u32) -> u32 {
  return select(min(size, u32(max(0, ceil((f32(pixel) + 1 + p.shift) / scale - p.shift))) + 1u), size, scale == 0);
}
${thread('inH', 'inW')}
  let left = first(column, p.scaleW);
  let right = end(column, p.scaleW, p.outW);
  let bottom = end(row, p.scaleH, p.outH);
  var sum = ${type}();
  for (var r = first(row, p.scaleH); r < bottom; r++) {
    let down = share(source(r, p.scaleH, p.inH), row);
    let above = (image * p.outH + r) * p.outW;
    for (var s = left; s < right; s++) {
      let across = share(source(s, p.scaleW, p.inW), column);
      sum += g[(above + s) * p.inner + c] * (down * across);
    }
  }
  y[t] = sum;
}`;
}
