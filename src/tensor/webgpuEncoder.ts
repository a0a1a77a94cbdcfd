import { DeviceError } from '../errors.js';
import type { Launch } from './backend.js';
import { MAX_GROUPS } from './grid.js';
import type { CopyArguments, Replayable } from './webgpuCommand.js';
import { type BoundRange, type Compiled, type PipelineCache, UNIFORM_BYTES } from './webgpuPipelines.js';
import type { Profiler } from './webgpuProfiler.js';
import type { PoolBuffer } from './webgpuShelf.js';
import { StandIns } from './webgpuStandIns.js';
import type { CommandTrace } from './webgpuTrace.js';

/** The most work of one dispatch: a tenth of a second on a slow integrated GPU, well below any driver's time limit. */
const FLOP_PER_DISPATCH = 16e9;
/** Dispatches after which queued work is handed over, so that the device works while the host encodes. */
const DISPATCHES_PER_SUBMIT = 256;
const NO_OFFSETS: readonly number[] = [];
/** How many dispatches' uniforms the ring holds. */
export const RING_SLOTS = 1024;

/**
 * Records dispatches into one command encoder and one compute pass for as long as possible.
 * Uniform words go to a ring on the host that is uploaded once per submit.
 */
export class CommandEncoder {
  readonly #gpu: GPUDevice;
  readonly #pipelines: PipelineCache;
  readonly #uniforms: GPUBuffer;
  readonly #standIns: StandIns;
  readonly #ring = new Uint32Array((RING_SLOTS * UNIFORM_BYTES) / 4);
  #slot = 0;
  #firstSlot = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #pending = 0;
  /** The number of the command buffer that is being recorded. */
  serial = 0;
  dispatches = 0;
  profiler: Profiler | undefined;
  /** Takes notes while a step is recorded. */
  trace: CommandTrace | undefined;
  /** While kernels are compiled ahead: the launches, none of which is dispatched. */
  rehearsal: Launch[] | undefined;

  constructor(gpu: GPUDevice, pipelines: PipelineCache, uniforms: GPUBuffer) {
    this.#gpu = gpu;
    this.#pipelines = pipelines;
    this.#uniforms = uniforms;
    this.#standIns = new StandIns(gpu);
  }

  dispatch(launch: Launch, ranges: readonly BoundRange[]): void {
    if (this.rehearsal) {
      this.rehearsal.push(launch);
      return;
    }
    const compiled = this.#pipelines.pipeline(launch);
    const hasParams = launch.params !== undefined;
    const group = this.#pipelines.bindGroup(compiled, ranges, hasParams, this.trace !== undefined);
    if (group) this.#dispatchAll(launch, compiled, group, ranges);
    else this.#detour(launch, compiled, ranges);
  }

  #dispatchAll(launch: Launch, compiled: Compiled, group: GPUBindGroup, ranges: readonly BoundRange[]): void {
    for (const { grid, params } of cut(launch)) {
      if (!this.trace?.isHeld) {
        this.#dispatch(launch, compiled.pipeline, group, params ? [this.#pushUniforms(params)] : NO_OFFSETS, grid);
      }
      this.trace?.dispatch({ launch, compiled, ranges, grid, params });
    }
  }

  /** Dispatches on buffers that stand in for the operands. */
  #detour(launch: Launch, compiled: Compiled, ranges: readonly BoundRange[]): void {
    const standIns = this.#standIns.of(ranges);
    const group = this.#pipelines.bindGroup(compiled, standIns, launch.params !== undefined, true) as GPUBindGroup;
    ranges.forEach((range, i) => {
      this.copy(range, range.offset, standIns[i].buffer, 0, range.size);
    });
    this.#dispatchAll(launch, compiled, group, standIns);
    for (let i = launch.read.length; i < ranges.length; i++) {
      this.copy(standIns[i], 0, ranges[i].buffer, ranges[i].offset, ranges[i].size);
    }
  }

  /** Encodes commands again and hands them over. */
  replay(commands: readonly Replayable[]): void {
    for (const command of commands) {
      if (command.kind === 'dispatch') {
        const done = this.profiler?.begin('op', command.op);
        this.#dispatch(command.launch, command.pipeline, command.group, command.offsets, command.grid);
        done?.();
      } else if (command.kind === 'copy') this.copy(...command.args);
      else this.clear(command.target);
    }
    this.submit();
  }

  copy(...args: CopyArguments): void {
    const [source, sourceOffset, target, targetOffset, bytes] = args;
    this.#transfer()?.copyBufferToBuffer(source.buffer, sourceOffset, target, targetOffset, bytes);
    this.trace?.transfer({ kind: 'copy', args });
  }

  clear(target: PoolBuffer): void {
    this.#transfer()?.clearBuffer(target.buffer);
    this.trace?.transfer({ kind: 'clear', target });
  }

  /** What encodes the next transfer; nothing, if commands are held. */
  #transfer(): GPUCommandEncoder | undefined {
    if (this.trace?.isHeld) return undefined;
    this.#endPass();
    this.#pending++;
    this.#encoder ??= this.#gpu.createCommandEncoder();
    return this.#encoder;
  }

  submit(): void {
    if (!this.#encoder) return;
    const done = this.profiler?.begin('submit', `submit ${this.#pending}`);
    this.#endPass();
    if (this.#slot > this.#firstSlot) {
      const from = this.#firstSlot * UNIFORM_BYTES;
      this.#gpu.queue.writeBuffer(this.#uniforms, from, this.#ring.buffer, from, this.#slot * UNIFORM_BYTES - from);
    }
    this.profiler?.resolve(this.#encoder);
    this.#gpu.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#firstSlot = this.#slot;
    this.#pending = 0;
    this.serial++;
    done?.();
  }

  #dispatch(
    launch: Launch,
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    offsets: readonly number[],
    grid: Launch['grid'],
  ): void {
    const pass = this.#openPass(launch, grid);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, offsets);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    if (this.profiler) this.#endPass();
    this.dispatches++;
    if (++this.#pending >= DISPATCHES_PER_SUBMIT) this.submit();
  }

  #pushUniforms(params: readonly number[]): number {
    if (this.#slot === RING_SLOTS) {
      this.submit();
      this.#slot = 0;
      this.#firstSlot = 0;
    }
    const offset = this.#slot++ * UNIFORM_BYTES;
    this.#ring.set(params, offset / 4);
    return offset;
  }

  #openPass(launch: Launch, grid: Launch['grid']): GPUComputePassEncoder {
    this.#encoder ??= this.#gpu.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass(this.profiler?.pass(launch, grid));
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}

/** The dispatches that a launch takes: one, or several if it is long or has more workgroups along an axis than one may. */
function cut({ program, grid, params, split }: Launch): readonly Pick<Launch, 'grid' | 'params'>[] {
  const pieces = Math.min(grid[1], Math.max(Math.ceil((split?.flop ?? 0) / FLOP_PER_DISPATCH), 1));
  const isWide = grid[0] > MAX_GROUPS || grid[1] > MAX_GROUPS || grid[2] > MAX_GROUPS;
  if (pieces === 1 && !isWide) return [{ grid, params }];
  if (!split) {
    throw new DeviceError(
      `webgpu: kernel '${program.label}' asks for a grid of ${grid.join(' x ')}; an axis may have ${MAX_GROUPS} ` +
        'where the launch does not say how to cut it (`split`)',
    );
  }
  const [across, down, deep] = [grid[0], Math.ceil(grid[1] / pieces), grid[2]].map((n) => Math.min(n, MAX_GROUPS));
  const out: Pick<Launch, 'grid' | 'params'>[] = [];
  for (let z = 0; z < grid[2]; z += deep) {
    for (let y = 0; y < grid[1]; y += down) {
      for (let x = 0; x < grid[0]; x += across) {
        const words = [...(params ?? [])];
        words.splice(split.word, 3, x, y, z);
        const part = [Math.min(across, grid[0] - x), Math.min(down, grid[1] - y), Math.min(deep, grid[2] - z)] as const;
        out.push({ grid: part, params: words });
      }
    }
  }
  return out;
}
