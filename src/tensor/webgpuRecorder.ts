import { DeviceError } from '../errors.js';
import type { Recording, StepRecorder, Trace } from './backend.js';
import type { Recorded, Replayable } from './webgpuCommand.js';
import type { CommandEncoder } from './webgpuEncoder.js';
import { type PipelineCache, UNIFORM_BYTES } from './webgpuPipelines.js';
import type { BufferPool } from './webgpuPool.js';
import type { PoolBuffer } from './webgpuShelf.js';
import { StepMemory } from './webgpuStepMemory.js';
import { CommandTrace, type Seal } from './webgpuTrace.js';
import { COPY_DST, UNIFORM } from './webgpuUsage.js';

/** A trace with bind groups and uniforms of its own: nothing is left to do but to encode it. */
class SealedTrace implements Recording {
  readonly buffers: ReadonlySet<PoolBuffer>;
  readonly #recorder: WebGpuRecorder;
  readonly #commands: readonly Replayable[];
  readonly #uniforms: GPUBuffer | undefined;
  readonly #release: () => void;

  constructor(
    recorder: WebGpuRecorder,
    commands: readonly Recorded[],
    buffers: ReadonlySet<PoolBuffer>,
    release: () => void,
  ) {
    this.#recorder = recorder;
    this.buffers = buffers;
    this.#release = release;
    const slots = uniformSlots(commands);
    this.#uniforms = slots.size > 0 ? uploadUniforms(recorder.gpu, slots) : undefined;
    const groups = new Map<string, GPUBindGroup>();
    this.#commands = commands.map((command): Replayable => {
      if ('kind' in command) return command;
      const { compiled, ranges, params, op, launch, grid } = command;
      const key = `${compiled.layoutKey} ${ranges.map((r) => `${r.id}:${r.offset}:${r.size}`)}`;
      let group = groups.get(key);
      if (!group) {
        group = recorder.pipelines.makeBindGroup(compiled.layout, ranges, params && this.#uniforms);
        groups.set(key, group);
      }
      const offsets = params ? [UNIFORM_BYTES * (slots.get(params.join()) as { slot: number }).slot] : [];
      return { kind: 'dispatch', pipeline: compiled.pipeline, group, offsets, grid, op, launch };
    });
  }

  replay(from?: number, to?: number): void {
    this.#recorder.encoder.replay(this.#commands.slice(from, to));
  }

  dispose(): void {
    this.#uniforms?.destroy();
    this.#release();
    this.#recorder.forget(this);
  }
}

type UniformSlots = Map<string, { readonly slot: number; readonly words: readonly number[] }>;

/** Uniform structs of different content, each with a place. */
function uniformSlots(commands: readonly Recorded[]): UniformSlots {
  const slots: UniformSlots = new Map();
  for (const command of commands) {
    if ('kind' in command || !command.params) continue;
    const key = command.params.join();
    if (!slots.has(key)) slots.set(key, { slot: slots.size, words: command.params });
  }
  return slots;
}

function uploadUniforms(gpu: GPUDevice, slots: UniformSlots): GPUBuffer {
  const words = new Uint32Array((slots.size * UNIFORM_BYTES) / 4);
  for (const { slot, words: content } of slots.values()) words.set(content, (slot * UNIFORM_BYTES) / 4);
  const buffer = gpu.createBuffer({ size: words.byteLength, usage: UNIFORM | COPY_DST });
  gpu.queue.writeBuffer(buffer, 0, words);
  return buffer;
}

/** Records steps of one device; all its recordings share the memory of what a step makes and frees. */
export class WebGpuRecorder implements StepRecorder {
  readonly gpu: GPUDevice;
  readonly encoder: CommandEncoder;
  readonly pipelines: PipelineCache;
  readonly #memory: StepMemory;
  readonly #sealed = new Set<SealedTrace>();

  constructor(gpu: GPUDevice, encoder: CommandEncoder, pipelines: PipelineCache, pool: BufferPool) {
    this.gpu = gpu;
    this.encoder = encoder;
    this.pipelines = pipelines;
    this.#memory = new StepMemory(pool);
  }

  record(fn: (trace: Trace) => void, isHeld = false): Trace {
    if (this.encoder.trace) throw new DeviceError('webgpu: a step is being recorded already; recordings do not nest');
    const trace = new CommandTrace(this.#memory, this.#seal, isHeld);
    this.encoder.trace = trace;
    try {
      fn(trace);
      trace.finish();
      return trace;
    } catch (error) {
      trace.release();
      throw error;
    } finally {
      this.encoder.trace = undefined;
    }
  }

  readonly #seal: Seal = (commands, buffers, release) => {
    const sealed = new SealedTrace(this, commands, buffers, release);
    this.#sealed.add(sealed);
    return sealed;
  };

  /** Lets go of what only this recording used. */
  forget(sealed: SealedTrace): void {
    this.#sealed.delete(sealed);
    this.#memory.trim(new Set([...this.#sealed].flatMap(({ buffers }) => [...buffers])));
  }

  dispose(): void {
    this.#memory.close();
  }
}
