import { createRequire } from 'node:module';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { f32bits } from '../tensor/backend.js';
import { type Kernel, Tensor } from '../tensor/tensor.js';
import { webgpu } from '../tensor/webgpu.js';
import { findGpu } from '../tensor/webgpuAdapter.js';
import { mpiVersion } from './mpi.js';

/** A fault or a limitation, and what mends it. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly what: string;
  readonly remedy: string;
}

export interface AdapterReport {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  /** Name and, with most drivers, the driver and its version. */
  readonly description: string;
  readonly tier: 'software' | 'gpu';
  readonly subgroups: { readonly min: number; readonly max: number };
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** What `wgrad doctor` knows about this machine; memory in bytes. */
export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memory: { readonly total: number; readonly free: number };
  /** Version of the package `webgpu`, null where it is not installed. */
  readonly webgpu: string | null;
  readonly adapter: AdapterReport | null;
  readonly backend: 'webgpu' | 'cpu';
  /** What `wgrad-pose train --distributed` would run on; null without it, which is no fault. */
  readonly mpi: string | null;
  readonly findings: readonly Finding[];
}

/** The limits that WebGPU guarantees; every kernel stays within them. */
const NEEDED_LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65535,
};

const MIN_NODE = [20, 20];
const SMALL_MEMORY = 2 ** 30;

/** Looks at Node, the package webgpu and the adapter, and whether the adapter computes. */
export async function diagnose(): Promise<Diagnosis> {
  const facts = {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memory: { total: totalmem(), free: freemem() },
    webgpu: packageVersion(),
    mpi: mpiVersion(),
  };
  let adapter: AdapterReport | null = null;
  let failure: string | null = null;
  try {
    adapter = await examineAdapter();
  } catch (error) {
    failure = (error as Error).message;
  }
  const findings = judge(facts, adapter, failure);
  return { ...facts, adapter, backend: adapter && !failure ? 'webgpu' : 'cpu', findings };
}

/** Judges the facts. `failure` is the message of the attempt to open and use the adapter, if it failed. */
export function judge(
  { node, webgpu: version, memory }: Pick<Diagnosis, 'node' | 'webgpu' | 'memory'>,
  adapter: AdapterReport | null,
  failure: string | null,
): Finding[] {
  const findings: Finding[] = [];
  const report = (level: Finding['level'], what: string, remedy: string) => findings.push({ level, what, remedy });
  const [major, minor] = node.split('.').map(Number);
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
    report('error', `Node ${node} is too old`, `install Node ${MIN_NODE.join('.')} or later`);
  }
  if (version === null) {
    report('warning', "the package 'webgpu' is not installed: CPU backend only", 'npm install webgpu');
  } else if (failure) {
    report(
      'warning',
      `no usable adapter: ${failure}`,
      'npm run setup in a clone of wgrad, or update the graphics driver',
    );
  }
  if (memory.free < SMALL_MEMORY) {
    report(
      'warning',
      `${formatBytes(memory.free)} of memory free`,
      'close other programs, or train with a smaller --batch',
    );
  }
  for (const [limit, needed] of Object.entries(adapter ? NEEDED_LIMITS : {})) {
    const offered = adapter?.limits[limit] ?? 0;
    if (offered < needed) {
      report(
        'warning',
        `${limit} is ${offered}, kernels count on ${needed}`,
        'update the driver, or use --backend cpu',
      );
    }
  }
  if (adapter?.tier === 'software') {
    report(
      'warning',
      'the adapter is software: correct, but far slower than a GPU',
      'install the driver of the GPU, if there is one',
    );
  }
  return findings;
}

/** `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${Number((bytes / 2 ** (10 * power)).toFixed(1))} ${units[power]}`;
}

function packageVersion(): string | null {
  try {
    return (createRequire(import.meta.url)('webgpu/package.json') as { version: string }).version;
  } catch {
    return null;
  }
}

async function examineAdapter(): Promise<AdapterReport> {
  // The device is opened first: that refuses a missing adapter and the null backend, with the reason.
  const device = await webgpu();
  const adapter = await (await findGpu()).requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('the adapter went away while it was looked at');
  try {
    const x = device.tensor([1, -2, 0.5]);
    const y = new Tensor(device, [3], 'float32', device.allocate('float32', 3));
    device.run(probe, [x], [y], {});
    const got = Array.from(await device.read(y));
    if (got.join() !== '3,-3,2')
      throw new Error(`it computes wrongly: 2x + 1 of [1, -2, 0.5] gave [${got.join(', ')}]`);
    return describeAdapter(adapter, device.capabilities.tier === 'gpu' ? 'gpu' : 'software');
  } finally {
    device.destroy();
  }
}

function describeAdapter({ info, features, limits }: GPUAdapter, tier: AdapterReport['tier']): AdapterReport {
  const { vendor, architecture, device, description, subgroupMinSize: min = 0, subgroupMaxSize: max = 0 } = info;
  const values: Record<string, number> = {};
  // `for in`, because the limits are getters of the prototype, which Object.entries does not see.
  for (const name in limits) {
    const value = limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') values[name] = value;
  }
  return {
    vendor,
    architecture,
    device,
    description,
    tier,
    subgroups: { min, max },
    features: [...features].sort(),
    limits: values,
  };
}

/** `y = 2 x + 1`: whether the adapter computes at all, which the null backend and broken drivers do not. */
const probe: Kernel<object> = {
  name: 'doctor',
  reference: ([x], [y]) => {
    for (let i = 0; i < x.data.length; i++) y.data[i] = 2 * x.data[i] + 1;
  },
  launches: ([x], [y]) => [
    {
      program: {
        label: 'doctor',
        code: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> slope: vec4<f32>;
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  y[id.x] = slope.x * x[id.x] + slope.y;
}`,
      },
      read: [x],
      write: [y],
      params: [f32bits(2), f32bits(1), 0, 0],
      grid: [3, 1, 1],
    },
  ],
};
