import { DeviceError } from '../errors.js';
import type { Device, Kernel, Tensor } from '../tensor/tensor.js';
import { Stopwatch } from './stopwatch.js';

/** What a device can do at most: fused multiply-adds from registers in GFLOP/s, and a copy through memory in GB/s. */
export interface Ceilings {
  readonly gflops: number;
  /** What is read and what is written both count. */
  readonly gbs: number;
}

const ITERATIONS = 64;
const UNROLLED = 8;
/**
 * Chains are independent, so that the latency of one hides behind the others, and scalars, so that 16 vector registers
 * hold them all.
 */
const CHAINS = 12;
/** How long each ceiling is measured. */
const CEILING_MS = 500;
const COPIED_FLOATS = 2 ** 24; // 64 MiB each way, beyond the caches

const fma: Kernel = {
  name: 'fmaCeiling',
  reference: () => undefined,
  launches: ([x], [y]) => [
    {
      program: {
        label: 'fmaCeiling',
        code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = x[0];
  let b = x[1];
${chains((i) => `  var c${i} = a * f32(id.x + ${i}u);`)}
  for (var i = 0; i < ${ITERATIONS}; i++) {
${chains((i) => `    c${i} = fma(c${i}, a, b);\n`).repeat(UNROLLED)}
  }
  y[id.x] = ${Array.from({ length: CHAINS }, (_, i) => `c${i}`).join(' + ')};
}`,
      },
      read: [x],
      write: [y],
      grid: [y.size / 64, 1, 1],
    },
  ],
};

const copy: Kernel = {
  name: 'copyCeiling',
  reference: () => undefined,
  launches: ([x], [y]) => [
    {
      program: {
        label: 'copyCeiling',
        code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x]; }`,
      },
      read: [x],
      write: [y],
      grid: [y.size / 1024, 1, 1],
    },
  ],
};

function chains(line: (i: number) => string): string {
  return Array.from({ length: CHAINS }, (_, i) => line(i)).join('\n');
}

/**
 * Measures both ceilings of a WebGPU device: twelve independent chains of fused multiply-adds per thread, and a copy of 64 MiB.
 * Each is the fastest of half a second of samples.
 * @throws DeviceError for the CPU reference, which has no kernels
 */
export async function measureCeilings(device: Device): Promise<Ceilings> {
  if (device.kind !== 'webgpu') {
    throw new DeviceError(`measureCeilings: '${device.description}' has no kernels to time; open a WebGPU device`);
  }
  const threads = device.capabilities.tier === 'gpu' ? 2 ** 21 : 2 ** 14;
  const fmaTime = await fastest(device, fma, device.tensor([0.5, 1]), device.zeros([threads]));
  const copyTime = await fastest(device, copy, device.zeros([COPIED_FLOATS]), device.zeros([COPIED_FLOATS]));
  return {
    gflops: (2 * threads * ITERATIONS * UNROLLED * CHAINS) / fmaTime / 1e6,
    gbs: (2 * 4 * COPIED_FLOATS) / copyTime / 1e6,
  };
}

async function fastest(device: Device, kernel: Kernel, x: Tensor, y: Tensor): Promise<number> {
  const run = () => device.run(kernel, [x], [y], {});
  await device.compile?.(run);
  const { min } = await new Stopwatch(device).sample(run, CEILING_MS);
  for (const t of [x, y]) t.dispose();
  return min;
}
