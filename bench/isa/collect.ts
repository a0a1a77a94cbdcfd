// Runs in a process of its own, whose environment names the driver: `node --import tsx collect.ts FOLDER WORK`. Drives wgrad's ops,
// a training step, or WGSL files on a device that compiles but does not compute, and writes FOLDER/collected.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { create } from 'webgpu';
import type { BenchCase, Sample } from '../../src/autograd/cases.js';
import type { Capabilities } from '../../src/tensor/backend.js';
import { scope } from '../../src/tensor/scope.js';
import { webgpu } from '../../src/tensor/webgpu.js';
import type { WebGpuDevice } from '../../src/tensor/webgpuDevice.js';
import { samplesFor } from '../../src/testing/checkSample.js';
import { allCases } from '../../src/testing/registry.js';
import { makeWorkload, trainingStep, type WorkloadFlags } from '../trainingStep.js';
import { type ChosenFor, type Collected, Recorder } from './recorder.js';
import { type BufferBinding, readWgsl } from './wgslFile.js';

/** What is compiled. */
export interface Work {
  /** Bench cases of ops, and their samples, whose op or name contains `only`. */
  readonly bench: boolean;
  readonly samples: boolean;
  readonly only: string;
  /** A whole training step of this workload. */
  readonly step?: WorkloadFlags;
  /** WGSL files. */
  readonly files: readonly string[];
  /** Capabilities to assume, so that the kernels of another adapter are compiled. */
  readonly assume?: Partial<Capabilities>;
}

/** What kernels may ask for, beside what wgrad asks for itself. */
const FEATURES = ['shader-f16', 'subgroups', 'subgroup-size-control', 'timestamp-query'] as const;

async function collect(folder: string, work: Work): Promise<void> {
  const notes = new Recorder(folder);
  const entry = notes.watch(create(['backend=vulkan', 'disable-dawn-features=timestamp_quantization']));
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: entry }, configurable: true });
  let device = '';
  let gpu: ChosenFor | undefined;
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('the driver offers no adapter; does it know such a GPU?');
  checkSubgroup(adapter.info);
  if (work.files.length > 0) device = await compileFiles(adapter, notes, work.files);
  if (work.bench || work.samples || work.step) {
    const opened = await webgpu({ assume: work.assume, quiet: true });
    device = opened.description;
    gpu = opened.capabilities;
    if (work.bench || work.samples) await callOps(opened, notes, work);
    if (work.step) {
      notes.use = 'step';
      trainingStep(opened, makeWorkload(work.step))();
      await opened.finished();
    }
  }
  await notes.settled();
  const collected: Collected = { device, gpu, kernels: notes.kernels, failures: notes.failures };
  writeFileSync(join(folder, 'collected.json'), JSON.stringify(collected));
}

async function callOps(device: WebGpuDevice, notes: Recorder, { bench, samples, only }: Work): Promise<void> {
  for (const cases of allCases) {
    const { name } = cases.op.def;
    const calls = [...(bench ? cases.bench : []), ...(samples ? samplesFor(cases, device) : [])];
    for (const call of calls) {
      notes.use = `${name}, ${titleOf(call)}`;
      if (!notes.use.includes(only)) continue;
      try {
        scope(() => {
          const operands = call.inputs.map(({ shape, dtype }) => device.zeros(shape, dtype ?? 'float32'));
          cases.op.apply(operands, call.attrs);
        });
        await device.finished();
      } catch (error) {
        notes.fail((error as Error).message);
      }
    }
  }
}

function titleOf(call: BenchCase | Sample): string {
  if ('name' in call) return call.name;
  return [...call.inputs.map(({ shape }) => shape.join('x')), ...(call.attrs ? [JSON.stringify(call.attrs)] : [])].join(
    ' ',
  );
}

/** Compiles every entry point of every file. */
async function compileFiles(adapter: GPUAdapter, notes: Recorder, files: readonly string[]): Promise<string> {
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const limit: unknown = adapter.limits[name as keyof GPUSupportedLimits];
    if (name.startsWith('max') && typeof limit === 'number') requiredLimits[name] = limit;
  }
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  for (const file of files) {
    notes.use = file;
    try {
      await compileFile(device, notes, file);
    } catch (error) {
      notes.fail((error as Error).message);
    }
  }
  return [adapter.info.vendor, adapter.info.architecture, adapter.info.description].filter(Boolean).join(' ');
}

async function compileFile(device: GPUDevice, notes: Recorder, file: string): Promise<void> {
  const text = readFileSync(file, 'utf8');
  const { entryPoints, constants, buffers } = readWgsl(text);
  // Dawn compiles equal code once, but equal files have a row each.
  const module = device.createShaderModule({ label: file, code: `${text}\n// ${JSON.stringify(file)}` });
  await notes.settled();
  if (notes.failures.some(({ what }) => what === file)) return;
  if (entryPoints.length === 0) notes.fail('no @compute function');
  const layout = buffers ? layoutOf(device, buffers) : 'auto';
  for (const entryPoint of entryPoints) {
    const isOne = entryPoints.length === 1;
    notes.use = isOne ? file : `${file} ${entryPoint}`;
    const label = isOne ? basename(file) : `${basename(file)} ${entryPoint}`;
    device.createComputePipeline({ label, layout, compute: { module, entryPoint, constants } });
  }
}

/** Buffers as wgrad binds them, a uniform with a dynamic offset. */
function layoutOf(device: GPUDevice, buffers: readonly BufferBinding[]): GPUPipelineLayout {
  const entries = buffers.map(({ binding, type }): GPUBindGroupLayoutEntry => {
    const buffer: GPUBufferBindingLayout = { type, hasDynamicOffset: type === 'uniform' };
    return { binding, visibility: 4, buffer }; // 4: compute
  });
  return device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
}

/** @throws Error where `--subgroup` asks for a size that the GPU does not have */
function checkSubgroup({ subgroupMinSize: min = 0, subgroupMaxSize: max = 0 }: GPUAdapterInfo): void {
  const asked = Number(process.env.WGRAD_ISA_SUBGROUP ?? 0);
  if (asked === 0 || max === 0 || (asked >= min && asked <= max)) return;
  throw new Error(`--subgroup ${asked}: its subgroups have ${min === max ? min : `${min} to ${max}`} lanes`);
}

const [, , folder, work] = process.argv;
try {
  await collect(folder, JSON.parse(work));
  process.exit(0); // Dawn would wait for a GPU that is not there
} catch (error) {
  writeFileSync(join(folder, 'error'), (error as Error).message);
  console.error(error);
  process.exit(1);
}
