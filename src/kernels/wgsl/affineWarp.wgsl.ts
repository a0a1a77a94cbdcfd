import { baseWords, wholeGroup } from './wholeGroup.wgsl.js';

/**
 * Where output pixel t of image n looks: the input pixel up and left of that point, and how far beyond its centre the point
 * is. A workgroup belongs to one image, so that what is the image's own is loaded once for all of its threads.
 */
const placeOf = /* wgsl */ `
struct Params { ${baseWords}, height: u32, width: u32, padding: f32, C: u32, H: u32, W: u32 }
struct Place { row: i32, column: i32, below: f32, right: f32 }

fn placeOf(n: u32, pixel: u32) -> Place {
  let u = f32(pixel % p.width);
  let v = f32(pixel / p.width);
  let m = 6u * n;
  let x = matrix[m] * u + matrix[m + 1u] * v + matrix[m + 2u];
  let y = matrix[m + 3u] * u + matrix[m + 4u] * v + matrix[m + 5u];
  return Place(i32(floor(y)), i32(floor(x)), y - floor(y), x - floor(x));
}`;

/** Selects by comparison, since `clamp` may turn a NaN into a number. */
const shade = (T: string) => /* wgsl */ `
fn shade(value: ${T}, gain: ${T}, offset: ${T}, low: ${T}, high: ${T}) -> ${T} {
  let shaded = gain * value + offset;
  return select(select(shaded, low, shaded < low), high, shaded > high);
}`;

const mixOfFour = /* wgsl */ `(1.0 - at.below) * ((1.0 - at.right) * a + at.right * b)
    + at.below * ((1.0 - at.right) * c + at.right * d)`;

const threadOf = /* wgsl */ `
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let group = ${wholeGroup};
  let n = group.y;
  let t = 256u * group.x + local;`;

/** Float images [N, H, W, C]: one thread per element of the output. */
export default (): string => /* wgsl */ `
@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;
@group(0) @binding(2) var<storage, read> colour: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
${placeOf}
${shade('f32')}

fn fetch(n: u32, row: i32, column: i32, channel: u32) -> f32 {
  if (row < 0 || row >= i32(p.H) || column < 0 || column >= i32(p.W)) { return p.padding; }
  return images[((n * p.H + u32(row)) * p.W + u32(column)) * p.C + channel];
}
${threadOf}
  let size = p.height * p.width * p.C;
  if (t >= size) { return; }
  let channel = t % p.C;
  let at = placeOf(n, t / p.C);
  let a = fetch(n, at.row, at.column, channel);
  let b = fetch(n, at.row, at.column + 1, channel);
  let c = fetch(n, at.row + 1, at.column, channel);
  let d = fetch(n, at.row + 1, at.column + 1, channel);
  let value = ${mixOfFour};
  let k = 4u * n * p.C + channel;
  y[n * size + t] = shade(value, colour[k], colour[k + p.C], colour[k + 2u * p.C], colour[k + 3u * p.C]);
}`;

/** Packed RGBA pictures of any sizes in one array: one thread per pixel of the output, of `channels` channels. */
export function warpPixels(channels: number): string {
  const each = (f: (channel: number) => string) => Array.from({ length: channels }, (_, c) => f(c));
  const T = channels === 1 ? 'f32' : `vec${channels}f`;
  const row = (r: number) => `${T}(${each((c) => `colour[k + ${r * channels + c}u]`).join(', ')})`;
  const stores = each((c) => `y[out + ${c}u] = shaded${channels === 1 ? '' : `[${c}]`};`);
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> places: array<u32>;
@group(0) @binding(2) var<storage, read> matrix: array<f32>;
@group(0) @binding(3) var<storage, read> colour: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;
${placeOf}
${shade(T)}

fn fetch(first: u32, H: i32, W: i32, row: i32, column: i32) -> ${T} {
  let inside = row >= 0 && row < H && column >= 0 && column < W;
  let word = pixels[first + u32(select(0, row * W + column, inside))];
  return select(${T}(p.padding), ${T}(${each((c) => `f32((word >> ${8 * c}u) & 255u)`).join(', ')}), inside);
}
${threadOf}
  if (t >= p.height * p.width) { return; }
  let first = places[3u * n];
  let H = i32(places[3u * n + 1u]);
  let W = i32(places[3u * n + 2u]);
  let at = placeOf(n, t);
  let a = fetch(first, H, W, at.row, at.column);
  let b = fetch(first, H, W, at.row, at.column + 1);
  let c = fetch(first, H, W, at.row + 1, at.column);
  let d = fetch(first, H, W, at.row + 1, at.column + 1);
  let value = ${mixOfFour};
  let k = ${4 * channels}u * n;
  let out = ${channels}u * (n * p.height * p.width + t);
  let shaded = shade(value, ${[0, 1, 2, 3].map(row).join(', ')});
  ${stores.join('\n  ')}
}`;
}
