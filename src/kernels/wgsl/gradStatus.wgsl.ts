import { arenaThread } from './arenaThread.wgsl.js';

const { block, each } = /* @__PURE__ */ arenaThread(4);

/** Adds up `sums` and joins `bads` of 256 threads, as a tree; thread 0 then has both. */
const tree = /* wgsl */ `
var<workgroup> sums: array<f32, 256>;
var<workgroup> bads: array<u32, 256>;

fn fold(local: u32, sum: f32, bad: u32) {
  sums[local] = sum;
  bads[local] = bad;
  for (var half = 128u; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) {
      sums[local] += sums[local + half];
      bads[local] |= bads[local + half];
    }
  }
}`;

/**
 * Each workgroup, or with `alone` each thread, writes the sum of squares of what it took, and whether all of it was finite. A
 * thread takes four vec4s of a block at a time, which are on their way at once, and leaves out frozen blocks. It looks at
 * bits, because a compiler may assume that no float is NaN or infinite.
 */
export function partialNorms({ alone }: { readonly alone: boolean }): string {
  const [sum, bad] = ['(squares.x + squares.y) + (squares.z + squares.w)', 'select(0u, 1u, any(bad))'];
  const write = alone
    ? `partial[p.base + id.x] = vec2u(bitcast<u32>(${sum}), ${bad});`
    : `fold(local, ${sum}, ${bad});
  if (local == 0) { partial[p.base + id.x / 256] = vec2u(bitcast<u32>(sums[0]), bads[0]); }`;
  return /* wgsl */ `
struct Params { base: u32 }
@group(0) @binding(0) var<storage, read> g: array<vec4u>;
@group(0) @binding(1) var<storage, read> rules: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> partial: array<vec2u>;
@group(0) @binding(3) var<uniform> p: Params;
${alone ? '' : tree}

@compute @workgroup_size(256)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var squares = vec4f(0);
  var bad = vec4<bool>(false);
  for (var thread = id.x; ; thread += groups.x * 256) {
    let block = ${block};
    if (block >= arrayLength(&rules)) { break; }
    if (rules[block].x == 0) { continue; }
    ${each(/* wgsl */ `let word = g[i];
    let v = bitcast<vec4f>(word);
    bad |= (word & vec4u(0x7f800000u)) == vec4u(0x7f800000u);
    squares += v * v;`)}
  }
  ${write}
}`;
}

/**
 * One workgroup adds up the norm over the partial sums of all arenas in a fixed order and writes the status of the step. If
 * the loss was `scaled`, it divides the norm by the scale and then moves the scale.
 */
export function finalStatus({ scaled }: { readonly scaled: boolean }): string {
  const factor = (of: string) => (scaled ? `${of} / lossScale[0]` : of);
  return /* wgsl */ `
struct Params { partials: u32, clipNorm: f32, lr: f32${scaled ? ', growth: f32, backoff: f32, interval: f32, least: f32, most: f32' : ''} }
@group(0) @binding(0) var<storage, read> partial: array<vec2u>;
@group(0) @binding(1) var<storage, read> rate: array<f32>;
@group(0) @binding(2) var<storage, read_write> status: array<f32>;
${
  scaled
    ? `@group(0) @binding(3) var<storage, read_write> lossScale: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;`
    : '@group(0) @binding(3) var<uniform> p: Params;'
}

${tree}

fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
  var sum = 0.0;
  var bad = 0u;
  for (var i = local; i < p.partials; i += 256) {
    let one = partial[i];
    sum += bitcast<f32>(one.x);
    bad |= one.y;
  }
  fold(local, sum, bad);
  if (local != 0) { return; }
  let lr = p.lr * rate[0];
  let known = bads[0] == 0 && isFinite(sums[0]);
  let finite = known && isFinite(lr);
  let norm = ${factor('sqrt(sums[0])')};
  status[0] += select(0.0, 1.0, finite);
  status[1] += select(1.0, 0.0, finite);
  status[2] = bitcast<f32>(select(0x7fc00000u, bitcast<u32>(norm), known));
  status[3] = select(0.0, ${factor('min(1.0, p.clipNorm / (norm + 1e-6))')}, finite);
  status[4] = select(0.0, 1.0, finite);
  status[5] = lr;${scaled ? MOVE : ''}
}`;
}

const MOVE = /* wgsl */ `
  let good = select(0.0, lossScale[1] + 1.0, known);
  let grows = good >= p.interval;
  lossScale[0] = clamp(lossScale[0] * select(p.backoff, select(1.0, p.growth, grows), known), p.least, p.most);
  lossScale[1] = select(good, 0.0, grows);`;
