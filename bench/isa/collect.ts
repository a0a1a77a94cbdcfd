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
  if (work.files.length > 0) device = await compileFiles(entry, notes, work.files);
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

/** Compiles every entry point of every file; a line `// constants: {"N": 4}` sets override constants. */
async function compileFiles(gpu: GPU, notes: Recorder, files: readonly string[]): Promise<string> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('the driver offers no adapter; does it know such a GPU?');
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const limit: unknown = adapter.limits[name as keyof GPUSupportedLimits];
    if (/^max(Compute|Storage|Buffer)/.test(name) && typeof limit === 'number') requiredLimits[name] = limit;
  }
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits });
  for (const file of files) {
    notes.use = file;
    const code = readFileSync(file, 'utf8');
    const constants: Record<string, number> = JSON.parse(/^\/\/ constants: (\{.*\})/m.exec(code)?.[1] ?? '{}');
    const entryPoints = [...code.matchAll(/@compute[^{]*?\bfn\s+(\w+)/g)].map(([, name]) => name);
    if (entryPoints.length === 0) notes.fail(`${file} has no @compute function`);
    const module = device.createShaderModule({ label: file, code });
    for (const entryPoint of entryPoints) {
      const label = entryPoints.length > 1 ? `${basename(file)} ${entryPoint}` : basename(file);
      device.createComputePipeline({
        label,
        layout: layoutOf(device, code),
        compute: { module, entryPoint, constants },
      });
    }
  }
  return [adapter.info.vendor, adapter.info.architecture, adapter.info.description].filter(Boolean).join(' ');
}

/** Buffers of group 0 as wgrad binds them, uniforms with a dynamic offset; what else a file declares, as Dawn infers it. */
function layoutOf(device: GPUDevice, code: string): GPUPipelineLayout | 'auto' {
  const all = [
    ...code.matchAll(/@group\(\s*(\d+)u?\s*\)\s*@binding\(\s*(\d+)u?\s*\)\s*var\s*(?:<(\w+)(?:,\s*(\w+))?>)?/g),
  ];
  if (all.length === 0 || all.some(([, group, , space]) => group !== '0' || !space)) return 'auto';
  const entries = all.map(([, , binding, space, access]): GPUBindGroupLayoutEntry => {
    const storage = access === 'read_write' ? 'storage' : 'read-only-storage';
    const buffer: GPUBufferBindingLayout =
      space === 'uniform' ? { type: 'uniform', hasDynamicOffset: true } : { type: storage };
    return { binding: Number(binding), visibility: 4, buffer }; // 4: compute
  });
  return device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
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
