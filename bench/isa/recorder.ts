import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capabilities } from '../../src/tensor/backend.js';

/** A kernel that was compiled; `<id>.stats`, `.asm`, `.spv` and `.wgsl` in the folder of the run belong to it. */
export interface CompiledKernel {
  readonly id: number;
  readonly label: string;
  /** Milliseconds that its compilation took, by this machine. */
  readonly compileMs: number;
  /** Dispatches by what asked for them, `op, case`. */
  readonly uses: Record<string, number>;
  /** The fewest workgroups of a dispatch, in the same way, and the threads of a workgroup. */
  readonly fewest: Record<string, number>;
  readonly groupSize: number;
}

export interface Failure {
  readonly what: string;
  readonly message: string;
}

/** The GPU that wgrad's kernels were chosen for. */
export type ChosenFor = Pick<Capabilities, 'vendor' | 'architecture'>;

/** What `collect.ts` leaves in the folder of a run. */
export interface Collected {
  readonly device: string;
  /** Absent where only files were compiled. */
  readonly gpu?: ChosenFor;
  readonly kernels: readonly CompiledKernel[];
  readonly failures: readonly Failure[];
}

/**
 * Stands between a program and WebGPU and takes notes: every compute pipeline that is made, and what dispatches it. The layer
 * writes what became of a pipeline while it is being made, so a pipeline is matched to its files by their number.
 */
export class Recorder {
  readonly kernels: CompiledKernel[] = [];
  readonly failures: Failure[] = [];
  /** What dispatches are for; whoever drives the program sets it. */
  use = '';
  readonly #folder: string;
  readonly #made = new Map<GPUComputePipeline, CompiledKernel>();
  readonly #byCode = new Map<string, CompiledKernel>();
  readonly #codes = new Map<GPUShaderModule, string>();
  readonly #verdicts: Promise<unknown>[] = [];
  #files = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** WebGPU as the program is to see it. */
  watch(gpu: GPU): GPU {
    replace(gpu, 'requestAdapter', (ask) => async (options) => {
      const adapter = await ask(options);
      if (adapter) {
        replace(adapter, 'requestDevice', (open) => async (descriptor) => this.#watchDevice(await open(descriptor)));
      }
      return adapter;
    });
    return gpu;
  }

  fail(message: string, what = this.use): void {
    // What follows from an earlier failure is left out.
    if (this.failures.length > 0 && /\[Invalid |due to a previous error/.test(message)) return;
    this.failures.push({ what, message });
  }

  /** Resolves when Dawn has said of everything so far whether it is valid. */
  async settled(): Promise<void> {
    await Promise.all(this.#verdicts);
  }

  #watchDevice(device: GPUDevice): GPUDevice {
    replace(device, 'createShaderModule', (make) => (descriptor) => {
      const module = this.#judged(device, () => make(descriptor));
      this.#codes.set(module, descriptor.code);
      return module;
    });
    replace(device, 'createComputePipeline', (make) => (descriptor) => this.#compile(device, make, descriptor));
    const now = device.createComputePipeline.bind(device);
    replace(device, 'createComputePipelineAsync', () => async (descriptor) => now(descriptor));
    replace(device, 'createCommandEncoder', (make) => (descriptor) => {
      const encoder = make(descriptor);
      replace(encoder, 'beginComputePass', (begin) => (pass) => this.#watchPass(begin(pass)));
      return encoder;
    });
    return device;
  }

  #compile(
    device: GPUDevice,
    make: GPUDevice['createComputePipeline'],
    descriptor: GPUComputePipelineDescriptor,
  ): GPUComputePipeline {
    const code = this.#codes.get(descriptor.compute.module) ?? '';
    const key = JSON.stringify([code, descriptor.compute.constants, descriptor.compute.entryPoint]);
    const start = performance.now();
    const pipeline = this.#judged(device, () => make(descriptor));
    const compileMs = Math.round(performance.now() - start);
    const before = this.#files;
    while (existsSync(join(this.#folder, `${this.#files + 1}.stats`))) this.#files++;
    const id = this.#files;
    const { label = '' } = descriptor;
    const fresh = { id, label, compileMs, uses: {}, fewest: {}, groupSize: groupSizeOf(code) };
    const kernel = id > before ? fresh : this.#byCode.get(key); // Dawn compiles equal code once
    if (!kernel) {
      this.#needsReason(label);
      return pipeline;
    }
    if (id > before) {
      writeFileSync(join(this.#folder, `${id}.wgsl`), `// ${label}\n${code}`);
      this.kernels.push(kernel);
      this.#byCode.set(key, kernel);
    }
    this.#made.set(pipeline, kernel);
    return pipeline;
  }

  #watchPass(pass: GPUComputePassEncoder): GPUComputePassEncoder {
    let current: CompiledKernel | undefined;
    const count = (groups = Number.POSITIVE_INFINITY) => {
      if (!current) return;
      const { uses, fewest } = current;
      uses[this.use] = (uses[this.use] ?? 0) + 1;
      fewest[this.use] = Math.min(fewest[this.use] ?? groups, groups);
    };
    replace(pass, 'setPipeline', (set) => (pipeline) => {
      current = this.#made.get(pipeline);
      return set(pipeline);
    });
    replace(pass, 'dispatchWorkgroups', (dispatch) => (x, y = 1, z = 1) => {
      count(x * y * z);
      return dispatch(x, y, z);
    });
    replace(pass, 'dispatchWorkgroupsIndirect', (dispatch) => (...args) => {
      count();
      return dispatch(...args);
    });
    return pass;
  }

  /** A kernel was not compiled: a failure of its own unless Dawn tells why. */
  #needsReason(label: string): void {
    const { use } = this;
    const told = Promise.all(this.#verdicts);
    this.#verdicts.push(
      told.then(() => {
        const isTold = this.failures.some(({ what }) => what === use);
        if (!isTold) this.fail(`${label}: the driver said nothing of it`, use);
      }),
    );
  }

  /** The result of `make`; errors that Dawn finds in it are failures. */
  #judged<T>(device: GPUDevice, make: () => T): T {
    const { use } = this;
    const filters = ['validation', 'internal'] as const;
    for (const filter of filters) device.pushErrorScope(filter);
    try {
      return make();
    } finally {
      for (const _ of filters) {
        this.#verdicts.push(device.popErrorScope().then((error) => error && this.fail(error.message, use)));
      }
    }
  }
}

/** Threads of a workgroup, as far as the code has them as numbers. */
function groupSizeOf(code: string): number {
  const extents = /@workgroup_size\(([\d\s,u]+)\)/.exec(code)?.[1].split(',') ?? [];
  return extents.map((extent) => Number.parseInt(extent, 10)).reduce((a, b) => a * (b || 1), 1);
}

/** Puts a function made from an object's method into the method's place. */
function replace<T extends object, K extends keyof T>(object: T, name: K, around: (original: T[K]) => T[K]): void {
  const original = object[name];
  if (typeof original !== 'function') throw new TypeError(`${String(name)} is no method`);
  Object.defineProperty(object, name, { value: around(original.bind(object)), configurable: true });
}
