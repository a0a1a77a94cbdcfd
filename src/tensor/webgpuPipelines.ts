import type { Launch } from './backend.js';
import { Recent } from './recent.js';
import type { Failures } from './webgpuFailures.js';
import type { CompilePatience } from './webgpuPatience.js';
import type { Pressure } from './webgpuPressure.js';

const STAGE_COMPUTE = 0x4;
/** What a uniform binding covers: 64 words, the alignment that every adapter accepts for a dynamic offset. */
export const UNIFORM_BYTES = 256;
/** How many recently used bind groups are kept, and pipelines for each layout; `Recent` holds up to twice as many. */
const RECENT_GROUPS = 4096;
const RECENT_PIPELINES = 1024;
/**
 * The most bind groups that may exist at a time, including those that wait for the garbage collector. On Mesa's software
 * driver each takes a memory map, and a process that needs more than Linux's 65,530 of them dies.
 */
const MOST_GROUPS = 16384;
const GROUPS_BETWEEN_COLLECTIONS = 4096;

export interface Compiled {
  readonly id: number;
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

/** Pipelines by layout and code, bind groups by pipeline and ranges: a steady step makes neither. */
export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #failures: Failures;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** By layout, then by code: labels are for people. */
  readonly #pipelines = new Map<string, Recent<string, Compiled>>();
  readonly #groups = new Recent<string, GPUBindGroup>(RECENT_GROUPS);
  readonly #collected = new FinalizationRegistry<undefined>(() => this.groupsAlive--);
  readonly #patience: CompilePatience;
  readonly #pressure: Pressure;
  groupsMade = 0;
  /** Bind groups that are in use or wait for the garbage collector: they cannot be destroyed by hand. */
  groupsAlive = 0;
  pipelinesMade = 0;

  constructor(gpu: GPUDevice, uniforms: GPUBuffer, failures: Failures, patience: CompilePatience, pressure: Pressure) {
    this.#gpu = gpu;
    this.#uniforms = uniforms;
    this.#failures = failures;
    this.#patience = patience;
    this.#pressure = pressure;
    pressure.watch(GROUPS_BETWEEN_COLLECTIONS, () => this.groupsAlive);
  }

  pipeline(launch: Launch): Compiled {
    return this.#find(launch) ?? this.#compile(launch);
  }

  #find(launch: Launch): Compiled | undefined {
    return this.#pipelines.get(layoutKeyOf(launch))?.get(launch.program.code);
  }

  /** Lets go of all bind groups, and with them of buffers that are gone. */
  forgetBindGroups(): void {
    this.#groups.clear();
  }

  /**
   * The bind group for these ranges, from the cache or new.
   * @param needed make a new one even if there are too many
   * @returns undefined if a new one would be needed and there are too many
   */
  bindGroup(
    { id, layout }: Compiled,
    ranges: readonly BoundRange[],
    hasParams: boolean,
    needed: boolean,
  ): GPUBindGroup | undefined {
    let key = String(id);
    for (const r of ranges) key += `,${r.id}:${r.offset}:${r.size}`;
    let group = this.#groups.get(key);
    if (!group && (needed || this.groupsAlive < MOST_GROUPS)) {
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
    const group = this.#gpu.createBindGroup({ layout, entries });
    this.groupsMade++;
    this.groupsAlive++;
    this.#collected.register(group, undefined);
    this.#pressure.check();
    return group;
  }

  /** Compiles in parallel what is not compiled yet. A kernel that fails is left to its first use, which reports it. */
  async compileAhead(launches: readonly Launch[]): Promise<void> {
    const missing = new Map(
      launches.flatMap((launch) =>
        this.#find(launch) ? [] : [[`${layoutKeyOf(launch)} ${launch.program.code}`, launch]],
      ),
    );
    const compile = async (launch: Launch) => {
      this.#patience.begin();
      let ready: string | undefined;
      try {
        const pipeline = await this.#gpu.createComputePipelineAsync(this.#describe(launch));
        ready = launch.program.label;
        if (!this.#find(launch)) this.#add(launch, pipeline);
      } finally {
        this.#patience.end(ready);
      }
    };
    await Promise.allSettled([...missing.values()].map(compile));
  }

  #compile(launch: Launch): Compiled {
    this.#patience.begin();
    try {
      return this.#guard(launch, () => this.#add(launch, this.#gpu.createComputePipeline(this.#describe(launch))));
    } finally {
      this.#patience.end(launch.program.label);
    }
  }

  #guard<T>({ program: { label } }: Launch, create: () => T): T {
    return this.#failures.guard('validation', create, (message) => `kernel '${label}' does not compile: ${message}`);
  }

  #add(launch: Launch, pipeline: GPUComputePipeline): Compiled {
    const layoutKey = layoutKeyOf(launch);
    const { code } = launch.program;
    const compiled = { id: this.pipelinesMade++, pipeline, layout: this.#layout(launch), layoutKey };
    const ofLayout = this.#pipelines.get(layoutKey) ?? new Recent<string, Compiled>(RECENT_PIPELINES);
    ofLayout.set(code, compiled);
    this.#pipelines.set(layoutKey, ofLayout);
    return compiled;
  }

  #describe(launch: Launch): GPUComputePipelineDescriptor {
    const { label, code } = launch.program;
    const layout = this.#gpu.createPipelineLayout({ bindGroupLayouts: [this.#layout(launch)] });
    const module = this.#guard(launch, () => this.#gpu.createShaderModule({ label, code }));
    return { label, layout, compute: { module, entryPoint: 'main' } };
  }

  #layout(launch: Launch): GPUBindGroupLayout {
    const key = layoutKeyOf(launch);
    const [reads, writes, hasParams] = [launch.read.length, launch.write.length, launch.params !== undefined];
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

function layoutKeyOf({ read, write, params }: Launch): string {
  return `${read.length} ${write.length} ${params !== undefined}`;
}
