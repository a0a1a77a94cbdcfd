import { conv2dWeight } from '../../src/kernels/product/conv2d.js';
import { CONV_DEFAULTS, convFlop, forwardGeometry } from '../../src/kernels/product/convGeometry.js';
import { sumPartials } from '../../src/kernels/product/launch/sumPartials.js';
import { convParams, convWords } from '../../src/kernels/wgsl/convParams.wgsl.js';
import type { Capabilities } from '../../src/tensor/backend.js';
import { programs } from '../../src/tensor/programs.js';
import { type Ladder, lines, PRINTED_LANES, type Rung, rungOf } from './rung.js';

// df[r, s, c, k] = sum over output pixels of x[pixel moved by the tap (r, s), c] g[pixel, k]. A matrix product again, with
// few rows and columns (channels) and a very deep sum: all pixels of the batch. Its operands lie the right way round, since
// both c and k are contiguous at a pixel. To keep the texts short, pixels and channels are multiples of 32.
const scalars = /* wgsl */ `
${convParams}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> df: array<f32>;
@group(0) @binding(3) var<uniform> p: ConvParams;
// The input element under the first channel at a tap of an output pixel; -1 outside of the image.
fn at(pixel: u32, tap: u32) -> i32 {
  let h = i32(pixel / p.outW % p.outH * p.strideH + tap / p.kernelW) - i32(p.padH);
  let w = i32(pixel % p.outW * p.strideW + tap % p.kernelW) - i32(p.padW);
  if (h < 0 || h >= i32(p.inH) || w < 0 || w >= i32(p.inW)) { return -1; }
  return ((i32(pixel / (p.outH * p.outW) * p.inH) + h) * i32(p.inW) + w) * i32(p.inC);
}`;
const vectors = scalars.replaceAll('array<f32>', 'array<vec4f>');

// Workgroup z is the tap, or split * taps + tap: a range of pixels per split, which a second stage adds up in order.
const range = /* wgsl */ `
  let taps = p.kernelH * p.kernelW;
  let tap = group.z % taps;
  let begin = group.z / taps * p.chunk;
  let end = min(begin + p.chunk, p.batch * p.outH * p.outW);
  let out = group.z * p.inC;`;

const head = (size: string) => /* wgsl */ `
@compute @workgroup_size(${size})
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {${range}`;

/** One weight per invocation, summed over all pixels: two loads for one multiply-add, and where a pixel lies for each. */
const naive = /* wgsl */ `${scalars}
${head('8, 8')}
  var sum = 0.0;
  for (var pixel = begin; pixel < end; pixel++) {
    let place = at(pixel, tap);
    if (place >= 0) { sum += x[u32(place) + id.y] * g[pixel * p.outC + id.x]; }
  }
  df[(out + id.y) * p.outC + id.x] = sum;
}`;

/** Four output channels per invocation: finding the pixel and loading place x serve four multiply-adds. */
const vec4 = /* wgsl */ `${vectors.replace('x: array<vec4f>', 'x: array<f32>')}
${head('8, 8')}
  var sum = vec4f(0.0);
  for (var pixel = begin; pixel < end; pixel++) {
    let place = at(pixel, tap);
    if (place >= 0) { sum = fma(vec4f(x[u32(place) + id.y]), g[pixel * p.outC / 4u + id.x], sum); }
  }
  df[(out + id.y) * p.outC / 4u + id.x] = sum;
}`;

const store = (row: string, column: string) =>
  lines(4, (i) => `df[(out + ${row} + ${i}u) * p.outC / 4u + ${column}] = acc${i};`);

const outer = (a: string, b: string) =>
  ['x', 'y', 'z', 'w'].map((component, i) => `acc${i} = fma(vec4f(${a}.${component}), ${b}, acc${i});`).join('\n    ');

/** 4 x 4 channels per invocation. An outer product needs no reuse over time: 2 loads give 4 vec4 multiply-adds. */
const registers = /* wgsl */ `${vectors}
${head('8, 8')}
  ${lines(4, (i) => `var acc${i} = vec4f(0.0);`)}
  for (var pixel = begin; pixel < end; pixel++) {
    let place = at(pixel, tap);
    if (place < 0) { continue; }
    let a = x[u32(place) / 4u + id.y];
    let b = g[pixel * p.outC / 4u + id.x];
    ${outer('a', 'b')}
  }
  ${store('4u * id.y', 'id.x')}
}`;

/**
 * 32 x 32 channels per workgroup of 64, fed place shared memory: 32 pixels at a time, whose places are worked out once per
 * workgroup instead of once per invocation.
 */
const shared = /* wgsl */ `${vectors}
var<workgroup> tileX: array<array<vec4f, 8>, 32>;
var<workgroup> tileG: array<array<vec4f, 8>, 32>;
${head('8, 8')}
  ${lines(4, (i) => `var acc${i} = vec4f(0.0);`)}
  for (var pixel = begin; pixel < end; pixel += 32u) {
    for (var i = local.y; i < 32u; i += 8u) {
      let place = at(pixel + i, tap);
      tileX[i][local.x] = select(vec4f(0.0), x[u32(max(place, 0)) / 4u + group.y * 8u + local.x], place >= 0);
      tileG[i][local.x] = g[(pixel + i) * p.outC / 4u + id.x];
    }
    workgroupBarrier();
    for (var i = 0u; i < 32u; i++) {
      let a = tileX[i][local.y];
      let b = tileG[i][local.x];
    ${outer('a', 'b')}
    }
    workgroupBarrier();
  }
  ${store('4u * id.y', 'id.x')}
}`;

/**
 * A subgroup is a workgroup: each lane finds one pixel of a block, loads its 4 input channels and broadcasts them, and
 * owns a vec4 column of output channels. On 8 lanes 9 loads give 32 vec4 multiply-adds, and a place serves 8 lanes.
 */
const broadcast = (lanes: number) => /* wgsl */ `enable subgroups;
${vectors}
${head(`${lanes}`)}
  let lane = local.x;
  ${lines(4, (i) => `var acc${i} = vec4f(0.0);`)}
  for (var pixel = begin; pixel < end; pixel += ${lanes}u) {
    let place = at(pixel + lane, tap);
    let held = select(vec4f(0.0), x[u32(max(place, 0)) / 4u + group.y], place >= 0);
    ${lines(
      lanes,
      (l) => `
    let a${l} = subgroupBroadcast(held, ${l}u);
    let b${l} = g[(pixel + ${l}u) * p.outC / 4u + id.x];
    ${outer(`a${l}`, `b${l}`)}`,
    )}
  }
  ${store('4u * group.y', 'id.x')}
}`;

/** A rung whose workgroups compute `rows` x `columns` channels each, over pixels in `splits` ranges. */
function rung(name: string, rows: number, columns: number, code: () => string, splits = 1): Rung {
  const rungs = programs(`ladder conv2dWeight, ${name}`, code);
  return rungOf(name, conv2dWeight, ([x, g], df, attrs, { scratch }) => {
    const filter = { shape: df.shape, dtype: df.dtype };
    const geometry = forwardGeometry('conv2dWeight', x, filter, attrs);
    const { inC, outC, kernel } = geometry;
    const chunk = Math.ceil(g.size / outC / splits / 32) * 32;
    const parts = Math.ceil(g.size / outC / chunk);
    const partial = parts > 1 ? scratch(parts * df.size) : df;
    return [
      {
        program: rungs(),
        read: [x, g],
        write: [partial],
        params: convWords(geometry, chunk),
        grid: [outC / columns, inC / rows, kernel[0] * kernel[1] * parts],
      },
      ...(parts > 1 ? [sumPartials(partial, df, parts)] : []),
    ];
  });
}

export const conv2dWeightLadder: Ladder = {
  name: 'conv2dWeight',
  checked: {
    shapes: [
      [2, 15, 7, 32],
      [2, 8, 4, 64],
    ],
    attrs: { kernel: [3, 3], stride: 2, padding: 1 },
  },
  timed(tier) {
    const [x, filter] =
      tier === 'gpu'
        ? [
            [32, 32, 32, 256],
            [3, 3, 256, 256],
          ]
        : [
            [8, 16, 16, 64],
            [3, 3, 64, 64],
          ];
    const attrs = { padding: 1 };
    const spec = (shape: readonly number[]) => ({ shape, dtype: 'float32' }) as const;
    const geometry = forwardGeometry('conv2dWeight', spec(x), spec(filter), { ...CONV_DEFAULTS, ...attrs });
    return {
      shapes: [x, [...x.slice(0, 3), filter[3]]],
      attrs: { ...attrs, kernel: [3, 3] },
      flop: convFlop(geometry),
    };
  },
  rungs({ tier, subgroupSize: lanes }: Capabilities) {
    return [
      rung('naive', 8, 8, () => naive),
      rung('vec4', 8, 32, () => vec4),
      rung('registers, 4 x 4', 32, 32, () => registers),
      // 8 ranges of pixels, 8 times as many invocations: it counts where there are more cores than tiles.
      rung('registers, split in 8', 32, 32, () => registers, 8),
      rung('shared memory, split in 8', 32, 32, () => shared, 8),
      ...(PRINTED_LANES.includes(lanes)
        ? [rung(`broadcast, 4 x ${4 * lanes}`, 4, 4 * lanes, () => broadcast(lanes), tier === 'gpu' ? 8 : 1)]
        : []),
      // 16 input channels per tile, places found by counting instead of dividing, as many ranges as keep the adapter busy.
      { name: 'shipped', op: conv2dWeight },
    ];
  },
};
