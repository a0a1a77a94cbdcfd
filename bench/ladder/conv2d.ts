import { conv2d } from '../../src/kernels/product/conv2d.js';
import { CONV_DEFAULTS, convFlop, forwardGeometry } from '../../src/kernels/product/convGeometry.js';
import { convParams, convWords } from '../../src/kernels/wgsl/convParams.wgsl.js';
import type { Capabilities } from '../../src/tensor/backend.js';
import { programs } from '../../src/tensor/programs.js';
import { type Ladder, lines, PRINTED_LANES, type Rung, rungOf } from './rung.js';

// y[pixel, k] = sum over taps (r, s) and channels c of x[pixel moved by the tap, c] filters[r, s, c, k], pixels outside of
// the image being 0. Read as a matrix product, rows are output pixels, columns output channels and the depth is taps times
// channels: every trick of the matmul ladder returns. To keep the texts short, pixels and channels are multiples of 32.
const scalars = /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: ConvParams;
// The input element under the first channel at a tap of an output pixel; -1 outside of the image.
fn at(pixel: u32, r: u32, s: u32) -> i32 {
  let h = i32(pixel / p.outW % p.outH * p.strideH + r) - i32(p.padH);
  let w = i32(pixel % p.outW * p.strideW + s) - i32(p.padW);
  if (h < 0 || h >= i32(p.inH) || w < 0 || w >= i32(p.inW)) { return -1; }
  return ((i32(pixel / (p.outH * p.outW) * p.inH) + h) * i32(p.inW) + w) * i32(p.inC);
}`;
const vectors = scalars.replaceAll('array<f32>', 'array<vec4f>');

const eachTap = (body: string) => /* wgsl */ `
  for (var r = 0u; r < p.kernelH; r++) {
    for (var s = 0u; s < p.kernelW; s++) {
      let tap = (r * p.kernelW + s) * p.inC;
      ${body}
    }
  }`;

/** One output per invocation, as the formula reads: two loads for one multiply-add. */
const naive = /* wgsl */ `${scalars}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  ${eachTap(`
      let place = at(id.y, r, s);
      if (place < 0) { continue; }
      for (var c = 0u; c < p.inC; c++) { sum += x[u32(place) + c] * filters[(tap + c) * p.outC + id.x]; }`)}
  y[id.y * p.outC + id.x] = sum;
}`;

/** Four output channels per invocation, which lie side by side in NHWC: one load of x serves four multiply-adds. */
const vec4 = /* wgsl */ `${vectors.replace('x: array<vec4f>', 'x: array<f32>')}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = vec4f(0.0);
  ${eachTap(`
      let place = at(id.y, r, s);
      if (place < 0) { continue; }
      for (var c = 0u; c < p.inC; c++) {
        sum = fma(vec4f(x[u32(place) + c]), filters[(tap + c) * p.outC / 4u + id.x], sum);
      }`)}
  y[id.y * p.outC / 4u + id.x] = sum;
}`;

const multiply = (r: number) => `
        acc${r} = fma(vec4f(a${r}.x), b0, acc${r});
        acc${r} = fma(vec4f(a${r}.y), b1, acc${r});
        acc${r} = fma(vec4f(a${r}.z), b2, acc${r});
        acc${r} = fma(vec4f(a${r}.w), b3, acc${r});`;

/**
 * A tile of 4 pixels x 4 channels per invocation: 8 loads for 16 vec4 multiply-adds. Where a tap lies is worked out once
 * per tap and pixel, outside of the loop over channels; outside of the image zeros are multiplied, which is cheaper than
 * to branch, since neighbours in the tile differ.
 */
const registers = /* wgsl */ `${vectors}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 4u * id.y;
  ${lines(4, (i) => `var acc${i} = vec4f(0.0);`)}
  ${eachTap(`
      ${lines(4, (i) => `let place${i} = at(row + ${i}u, r, s);`)}
      for (var c = 0u; c < p.inC; c += 4u) {
        ${lines(4, (j) => `let b${j} = filters[(tap + c + ${j}u) * p.outC / 4u + id.x];`)}
        ${lines(4, (i) => `let a${i} = select(vec4f(0.0), x[(u32(max(place${i}, 0)) + c) / 4u], place${i} >= 0);`)}
        ${lines(4, multiply)}
      }`)}
  ${lines(4, (i) => `y[(row + ${i}u) * p.outC / 4u + id.x] = acc${i};`)}
}`;

/**
 * The same tiles fed place shared memory: per tap, the workgroup fetches 32 channels of its 32 pixels and the 32 x 32
 * filter weights between them. The image is never rearranged into a matrix; only this piece of one exists at a time.
 */
const shared = /* wgsl */ `${vectors}
var<workgroup> tileX: array<array<vec4f, 8>, 32>;
var<workgroup> tileF: array<array<vec4f, 8>, 32>;
@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  ${lines(4, (i) => `var acc${i} = vec4f(0.0);`)}
  ${eachTap(`
      for (var c = 0u; c < p.inC; c += 32u) {
        for (var i = local.y; i < 32u; i += 8u) {
          let place = at(group.y * 32u + i, r, s);
          tileX[i][local.x] = select(vec4f(0.0), x[(u32(max(place, 0)) + c) / 4u + local.x], place >= 0);
          tileF[i][local.x] = filters[(tap + c + i) * p.outC / 4u + group.x * 8u + local.x];
        }
        workgroupBarrier();
        for (var j = 0u; j < 8u; j++) {
        ${lines(4, (i) => `let b${i} = tileF[4u * j + ${i}u][local.x];`)}
        ${lines(4, (i) => `let a${i} = tileX[4u * local.y + ${i}u][j];`)}
        ${lines(4, multiply)}
        }
        workgroupBarrier();
      }`)}
  ${lines(4, (i) => `y[(group.y * 32u + 4u * local.y + ${i}u) * p.outC / 4u + group.x * 8u + local.x] = acc${i};`)}
}`;

/**
 * A subgroup is a workgroup: each lane holds one output pixel's channels and a vec4 column of filters, and broadcasts the
 * former: 5 loads for 4 vec4 multiply-adds per lane of the subgroup, 32 on 8 lanes.
 */
const broadcast = (lanes: number) => /* wgsl */ `enable subgroups;
${vectors}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * ${lanes}u;
  let column = group.x * ${lanes}u + lane;
  ${lines(lanes, (i) => `var acc${i} = vec4f(0.0);`)}
  ${eachTap(`
      let place = at(row + lane, r, s);
      for (var c = 0u; c < p.inC; c += 4u) {
        let held = select(vec4f(0.0), x[(u32(max(place, 0)) + c) / 4u], place >= 0);
        ${lines(4, (j) => `let b${j} = filters[(tap + c + ${j}u) * p.outC / 4u + column];`)}
        ${lines(lanes, (i) => `let a${i} = subgroupBroadcast(held, ${i}u);${multiply(i)}`)}
      }`)}
  ${lines(lanes, (i) => `y[(row + ${i}u) * p.outC / 4u + column] = acc${i};`)}
}`;

/** A rung whose workgroups compute `rows` pixels x `columns` channels each. */
function rung(name: string, rows: number, columns: number, code: () => string): Rung {
  const rungs = programs(`ladder conv2d, ${name}`, code);
  return rungOf(name, conv2d, ([x, filter], y, attrs) => {
    const geometry = forwardGeometry('conv2d', x, filter, attrs);
    const pixels = y.size / geometry.outC;
    return [
      {
        program: rungs(),
        read: [x, filter],
        write: [y],
        params: convWords(geometry),
        grid: [geometry.outC / columns, pixels / rows, 1],
      },
    ];
  });
}

export const conv2dLadder: Ladder = {
  name: 'conv2d',
  checked: {
    shapes: [
      [2, 15, 7, 32],
      [3, 3, 32, 64],
    ],
    attrs: { stride: 2, padding: 1 },
  },
  timed(tier) {
    const shapes =
      tier === 'gpu'
        ? [
            [32, 32, 32, 256],
            [3, 3, 256, 256],
          ]
        : [
            [8, 16, 16, 64],
            [3, 3, 64, 64],
          ];
    const [x, filter] = shapes.map((shape) => ({ shape, dtype: 'float32' }) as const);
    const attrs = { padding: 1 };
    return { shapes, attrs, flop: convFlop(forwardGeometry('conv2d', x, filter, { ...CONV_DEFAULTS, ...attrs })) };
  },
  rungs({ subgroupSize: lanes }: Capabilities) {
    return [
      rung('naive', 8, 8, () => naive),
      rung('vec4', 8, 32, () => vec4),
      rung('registers, 4 x 4', 32, 32, () => registers),
      rung('shared memory, 32 x 32', 32, 32, () => shared),
      ...(PRINTED_LANES.includes(lanes)
        ? [rung(`broadcast, ${lanes} x ${4 * lanes}`, lanes, 4 * lanes, () => broadcast(lanes))]
        : []),
      // Two pixels per lane: 6 loads for 64 vec4 multiply-adds on 8 lanes. On a GPU this is whatever its tier gets.
      { name: 'shipped', op: conv2d },
    ];
  },
};
