import { DeviceError } from '../errors.js';
import type { Launch } from './backend.js';
import type { Failures } from './webgpuFailures.js';

const STAGE_COMPUTE = 0x4;
/** What a uniform binding covers: 64 words, the alignment that every adapter accepts for a dynamic offset. */
export const UNIFORM_BYTES = 256;
const MAX_BIND_GROUPS = 8192;

export interface Compiled {
  readonly id: number;
  readonly code: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Equal for equal layouts. */
  readonly layoutKey: string;
}

/** A range of a buffer as a bind group sees it. */
export interface BoundRange {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Pipelines by program and constants, bind groups by pipeline and ranges: a steady step makes neither. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #failures: Failures;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #pipelines = new Map<string, Compiled>();
  readonly #groups = new Map<string, GPUBindGroup>();
  groupsMade = 0;

  constructor(gpu: GPUDevice, uniforms: GPUBuffer, failures: Failures) {
    this.#gpu = gpu;
    this.#uniforms = uniforms;
    this.#failures = failures;
  }

  get pipelinesMade(): number {
    return this.#pipelines.size;
  }

  pipeline(launch: Launch): Compiled {
    const { label, code } = launch.program;
    const key = launch.constants ? `${label} ${JSON.stringify(launch.constants)}` : label;
    let compiled = this.#pipelines.get(key);
    if (!compiled) {
      compiled = this.#compile(launch);
      this.#pipelines.set(key, compiled);
    }
    if (compiled.code !== code) {
      throw new DeviceError(`webgpu: two programs of different code are labelled '${label}'; give one another label`);
    }
    return compiled;
  }

  /** Lets go of all bind groups, and with them of buffers that are gone. */
  forgetBindGroups(): void {
    this.#groups.clear();
  }

  bindGroup({ id, layout }: Compiled, ranges: readonly BoundRange[], hasParams: boolean): GPUBindGroup {
    let key = String(id);
    for (const r of ranges) key += `,${r.id}:${r.offset}:${r.size}`;
    let group = this.#groups.get(key);
    if (!group) {
      if (this.#groups.size >= MAX_BIND_GROUPS) this.#groups.clear();
      group = this.makeBindGroup(layout, ranges, hasParams ? this.#uniforms : undefined);
      this.#groups.set(key, group);
    }
    return group;
  }

  /** A bind group that is not cached, with uniforms from where the caller keeps them. */
  makeBindGroup(layout: GPUBindGroupLayout, ranges: readonly BoundRange[], uniforms?: GPUBuffer): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = ranges.map(({ buffer, offset, size }, binding) => ({
      binding,
      resource: { buffer, offset, size },
    }));
    if (uniforms) entries.push({ binding: ranges.length, resource: { buffer: uniforms, size: UNIFORM_BYTES } });
    this.groupsMade++;
    return this.#gpu.createBindGroup({ layout, entries });
  }

  #compile(launch: Launch): Compiled {
    const { program, constants, read, write, params } = launch;
    return this.#failures.guard(
      'validation',
      () => {
        const layoutKey = `${read.length} ${write.length} ${params !== undefined}`;
        const layout = this.#layout(layoutKey, read.length, write.length, params !== undefined);
        let module = this.#modules.get(program.label);
        if (!module) {
          module = this.#gpu.createShaderModule({ label: program.label, code: program.code });
          this.#modules.set(program.label, module);
        }
        const pipeline = this.#gpu.createComputePipeline({
          label: program.label,
          layout: this.#gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
          compute: { module, entryPoint: 'main', constants: { ...constants } },
        });
        return { id: this.#pipelines.size, code: program.code, pipeline, layout, layoutKey };
      },
      (message) => `kernel '${program.label}' does not compile: ${message}`,
    );
  }

  #layout(key: string, reads: number, writes: number, hasParams: boolean): GPUBindGroupLayout {
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entry = (binding: number, buffer: GPUBufferBindingLayout): GPUBindGroupLayoutEntry => ({
        binding,
        visibility: STAGE_COMPUTE,
        buffer,
      });
      const entries: GPUBindGroupLayoutEntry[] = [];
      for (let i = 0; i < reads; i++) entries.push(entry(i, { type: 'read-only-storage' }));
      for (let i = 0; i < writes; i++) entries.push(entry(reads + i, { type: 'storage' }));
      if (hasParams) entries.push(entry(reads + writes, { type: 'uniform', hasDynamicOffset: true }));
      layout = this.#gpu.createBindGroupLayout({ entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
