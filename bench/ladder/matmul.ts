import { matmul } from '../../src/kernels/product/matmul.js';
import type { Capabilities } from '../../src/tensor/backend.js';
import { programs } from '../../src/tensor/programs.js';
import { type Ladder, lines, PRINTED_LANES, type Rung, rungOf } from './rung.js';

// Y[m,n] = sum_k A[m,k] B[k,n], row by row in memory. To keep the texts short, M, N and K are multiples of 32.
const params = /* wgsl */ `struct Params { M: u32, N: u32, K: u32 }`;
const scalars = /* wgsl */ `
${params}
@group(0) @binding(0) var<storage, read> A: array<f32>;
@group(0) @binding(1) var<storage, read> B: array<f32>;
@group(0) @binding(2) var<storage, read_write> Y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;`;
const vectors = scalars.replaceAll('array<f32>', 'array<vec4f>');

/** One output per invocation: two loads for one multiply-add. Every element of A is fetched N times, of B M times. */
const naive = /* wgsl */ `${scalars}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0.0;
  for (var k = 0u; k < p.K; k++) { sum += A[id.y * p.K + k] * B[k * p.N + id.x]; }
  Y[id.y * p.N + id.x] = sum;
}`;

/** Four neighbouring columns per invocation: a load of B brings four numbers, and one of A serves four multiply-adds. */
const vec4 = /* wgsl */ `${vectors.replace('A: array<vec4f>', 'A: array<f32>')}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = vec4f(0.0);
  for (var k = 0u; k < p.K; k++) { sum = fma(vec4f(A[id.y * p.K + k]), B[k * p.N / 4u + id.x], sum); }
  Y[id.y * p.N / 4u + id.x] = sum;
}`;

/**
 * A tile of 4 x 4 outputs per invocation, A loaded as vec4 along k too: 8 loads for 16 vec4 multiply-adds instead of 32.
 * What is loaded is used four times while it is in a register.
 */
const registers = /* wgsl */ `${vectors}
@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = 4u * id.y;
  ${lines(4, (r) => `var acc${r} = vec4f(0.0);`)}
  for (var k = 0u; k < p.K; k += 4u) {
    ${lines(4, (j) => `let b${j} = B[(k + ${j}u) * p.N / 4u + id.x];`)}
    ${lines(
      4,
      (r) => `
    let a${r} = A[((row + ${r}u) * p.K + k) / 4u];
    acc${r} = fma(vec4f(a${r}.x), b0, acc${r});
    acc${r} = fma(vec4f(a${r}.y), b1, acc${r});
    acc${r} = fma(vec4f(a${r}.z), b2, acc${r});
    acc${r} = fma(vec4f(a${r}.w), b3, acc${r});`,
    )}
  }
  ${lines(4, (r) => `Y[(row + ${r}u) * p.N / 4u + id.x] = acc${r};`)}
}`;

/**
 * The same tiles, but the 64 invocations of a workgroup first fetch 32 x 32 pieces of A and B together into its shared
 * memory: each element comes from far away once per workgroup instead of 8 times. On a GPU that is the step that counts.
 * A CPU has no such memory, only its caches, which did this by themselves; there the barriers, at which every invocation's
 * registers are put aside and taken up again, are all that remains.
 */
const shared = /* wgsl */ `${vectors}
var<workgroup> tileA: array<array<vec4f, 8>, 32>;
var<workgroup> tileB: array<array<vec4f, 8>, 32>;
@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  ${lines(4, (r) => `var acc${r} = vec4f(0.0);`)}
  for (var k = 0u; k < p.K; k += 32u) {
    for (var r = local.y; r < 32u; r += 8u) {
      tileA[r][local.x] = A[((group.y * 32u + r) * p.K + k) / 4u + local.x];
      tileB[r][local.x] = B[(k + r) * p.N / 4u + group.x * 8u + local.x];
    }
    workgroupBarrier();
    for (var j = 0u; j < 8u; j++) {
      ${lines(4, (i) => `let b${i} = tileB[4u * j + ${i}u][local.x];`)}
      ${lines(
        4,
        (r) => `
      let a${r} = tileA[4u * local.y + ${r}u][j];
      acc${r} = fma(vec4f(a${r}.x), b0, acc${r});
      acc${r} = fma(vec4f(a${r}.y), b1, acc${r});
      acc${r} = fma(vec4f(a${r}.z), b2, acc${r});
      acc${r} = fma(vec4f(a${r}.w), b3, acc${r});`,
      )}
    }
    workgroupBarrier();
  }
  ${lines(4, (r) => `Y[(group.y * 32u + 4u * local.y + ${r}u) * p.N / 4u + group.x * 8u + local.x] = acc${r};`)}
}`;

/**
 * A subgroup is a workgroup. Lanes lie along the columns, and each also holds rows of A, which the others get by
 * `subgroupBroadcast`: no shared memory, no barrier. With `rows` and `columns` per lane, one step of k takes
 * rows + columns loads for lanes * rows * columns multiply-adds, so larger tiles pay twice: 2 loads for 8 at 8 x 8, 4 for
 * 32 at 16 x 16. On a CPU driver a load is a gather over the lanes and costs tens of cycles, a broadcast next to nothing.
 */
const broadcast = (lanes: number, rows: number, columns: number) => /* wgsl */ `enable subgroups;
${scalars}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let row = group.y * ${lanes * rows}u;
  let column = group.x * ${lanes * columns}u + lane;
  ${lines(lanes * rows * columns, (i) => `var acc${i} = 0.0;`)}
  for (var k = 0u; k < p.K; k++) {
    ${lines(rows, (i) => `let a${i} = A[(row + ${i * lanes}u + lane) * p.K + k];`)}
    ${lines(columns, (j) => `let b${j} = B[k * p.N + column + ${j * lanes}u];`)}
    ${lines(lanes * rows, (r) => {
      const row = `let row${r} = subgroupBroadcast(a${Math.floor(r / lanes)}, ${r % lanes}u);`;
      return [row, lines(columns, (j) => `acc${r * columns + j} = fma(row${r}, b${j}, acc${r * columns + j});`)].join(
        '\n',
      );
    })}
  }
  ${lines(lanes * rows, (r) =>
    lines(columns, (j) => `Y[(row + ${r}u) * p.N + column + ${j * lanes}u] = acc${r * columns + j};`),
  )}
}`;

/** A rung whose workgroups compute `rows` x `columns` outputs each. */
function rung(name: string, rows: number, columns: number, code: () => string): Rung {
  const rungs = programs(`ladder matmul, ${name}`, code);
  return rungOf(name, matmul, ([a, b], y) => {
    const [M, K] = a.shape;
    const N = b.shape[1];
    return [
      {
        program: rungs(),
        read: [a, b],
        write: [y],
        params: [M, N, K],
        grid: [N / columns, M / rows, 1],
      },
    ];
  });
}

export const matmulLadder: Ladder = {
  name: 'matmul',
  checked: {
    shapes: [
      [32, 96],
      [96, 64],
    ],
  },
  timed(tier) {
    const n = tier === 'gpu' ? 2048 : 256;
    return {
      shapes: [
        [n, n],
        [n, n],
      ],
      flop: 2 * n ** 3,
    };
  },
  rungs({ subgroupSize: lanes }: Capabilities) {
    return [
      rung('naive', 8, 8, () => naive),
      rung('vec4', 8, 32, () => vec4),
      rung('registers, 4 x 4', 32, 32, () => registers),
      rung('shared memory, 32 x 32', 32, 32, () => shared),
      ...(PRINTED_LANES.includes(lanes)
        ? [1, 2].map((n) =>
            rung(`broadcast, ${n * lanes} x ${n * lanes}`, n * lanes, n * lanes, () => broadcast(lanes, n, n)),
          )
        : []),
      // The same on tiles of 16 rows and a vec4 column per lane, with A as vec4 along k: 6 loads for 64 vec4 multiply-adds
      // on 8 lanes. On a GPU this is whatever its tier gets.
      { name: 'shipped', op: matmul },
    ];
  },
};
