/**
 * What pooling kernels share: the geometry (`p`), where a thread stands, and which pixels a window has or which windows
 * a pixel lies in. `C` counts channels in threads, that is in fours where `lanes` is 4.
 */
export default /* wgsl */ `
struct Windows {
  H: u32, W: u32, P: u32, Q: u32, C: u32, R: u32, S: u32,
  strideH: u32, strideW: u32, padH: u32, padW: u32,
}
struct Place { n: u32, row: u32, column: u32, c: u32 }
struct Range { begin: u32, end: u32 }

fn place(i: u32, rows: u32, columns: u32) -> Place {
  let pixel = i / p.C;
  let line = pixel / columns;
  return Place(line / rows, line % rows, pixel % columns, i % p.C);
}
fn pixelsOf(window: u32, stride: u32, pad: u32, kernel: u32, size: u32) -> Range {
  let start = window * stride;
  return Range(max(start, pad) - pad, min(start + kernel - pad, size));
}
fn windowsAt(pixel: u32, stride: u32, pad: u32, kernel: u32, count: u32) -> Range {
  let past = pixel + pad + 1;
  return Range((max(past, kernel) - kernel + stride - 1) / stride, min((past - 1) / stride + 1, count));
}`;

/** Scalar or vector types for a thread's channels. */
export function laneTypes(lanes: 1 | 4): { readonly T: string; readonly U: string; readonly B: string } {
  return lanes === 4 ? { T: 'vec4f', U: 'vec4u', B: 'vec4<bool>' } : { T: 'f32', U: 'u32', B: 'bool' };
}
