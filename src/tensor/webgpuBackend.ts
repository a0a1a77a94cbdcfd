import { DeviceError } from '../errors.js';
import type { Allocation } from './allocation.js';
import {
  type Capabilities,
  type DeviceStats,
  dtypeOf,
  type Launch,
  type MemoryReport,
  type Scratch,
  type StepRecorder,
  type TypedArray,
} from './backend.js';
import { ConstantCache } from './constantCache.js';
import { withHalfBindings } from './float16Rewriter.js';
import type { TensorData } from './nested.js';
import { checkWrite, newTensor, tensorOf } from './newTensor.js';
import { notice } from './notice.js';
import type { Profile } from './profile.js';
import { scope } from './scope.js';
import { inScope } from './scopeStack.js';
import { bytesOf, type DType, formatShape, type Shape } from './shape.js';
import type { Kernel, Tensor } from './tensor.js';
import type { OpenDevice } from './webgpuAdapter.js';
import type { WebGpuDevice, WebGpuOptions } from './webgpuDevice.js';
import { fromDevice, toDevice } from './webgpuElements.js';
import { CommandEncoder, RING_SLOTS } from './webgpuEncoder.js';
import { Failures } from './webgpuFailures.js';
import { LooseMemory } from './webgpuLooseMemory.js';
import { CompilePatience } from './webgpuPatience.js';
import { type BoundRange, PipelineCache, UNIFORM_BYTES } from './webgpuPipelines.js';
import { BufferPool, PoolAllocation } from './webgpuPool.js';
import { Pressure } from './webgpuPressure.js';
import { Profiler } from './webgpuProfiler.js';
import { StagingBuffers } from './webgpuReadback.js';
import { WebGpuRecorder } from './webgpuRecorder.js';
import type { PoolBuffer } from './webgpuShelf.js';
import { COPY_DST, MAP_READ, UNIFORM } from './webgpuUsage.js';
import { patiently } from './webgpuWaiting.js';

/** WebGPU behind the interface of a device. */
export class WebGpuBackend implements WebGpuDevice {
  readonly kind = 'webgpu';
  readonly description: string;
  readonly capabilities: Capabilities;
  readonly gpu: GPUDevice;
  readonly #pool: BufferPool;
  readonly #pipelines: PipelineCache;
  readonly #encoder: CommandEncoder;
  readonly #constants = new ConstantCache(this);
  readonly #staging: StagingBuffers;
  readonly #failures: Failures;
  readonly #pressure = new Pressure();
  #closed = false;

  constructor(
    { gpu, capabilities, description, memoryLimit: most }: OpenDevice,
    { memoryLimit = most, assume, quiet = false, onCompile = quiet ? () => {} : sayCompiling }: WebGpuOptions,
  ) {
    this.gpu = gpu;
    this.capabilities = { ...capabilities, ...assume };
    this.description = description;
    this.#failures = new Failures(gpu);
    this.#staging = new StagingBuffers(gpu);
    const uniforms = gpu.createBuffer({ size: RING_SLOTS * UNIFORM_BYTES, usage: UNIFORM | COPY_DST });
    const pipelines = new PipelineCache(gpu, uniforms, this.#failures, new CompilePatience(onCompile), this.#pressure);
    const encoder = new CommandEncoder(gpu, pipelines, uniforms);
    this.#pipelines = pipelines;
    this.#encoder = encoder;
    const loose = new LooseMemory(this.#pressure, quiet ? () => {} : (text) => notice(text, 'loose memory'));
    // The pool must not refer to this device: every tensor's memory refers to the pool, and would keep alive a device that
    // its user has dropped.
    this.#pool = new BufferPool(gpu, memoryLimit, this.#failures, loose, () => {
      encoder.submit();
      pipelines.forgetBindGroups();
    });
  }

  tensor(nested: TensorData, given?: Shape, dtype: DType = dtypeOf(nested)): Tensor {
    return tensorOf(this, nested, dtype, given);
  }

  zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
    return newTensor('zeros', this, shape, dtype, true);
  }

  scalar(value: number, dtype: DType = 'float32'): Tensor {
    return this.#constants.get(value, dtype);
  }

  write(tensor: Tensor, data: ArrayLike<number>): void {
    checkWrite(this, tensor, data);
    this.#encoder.trace?.refuse(`data of shape ${formatShape(tensor.shape)} came from the host`);
    const pooled = pooledOf(tensor);
    // The queue would overtake commands that are recorded but not submitted.
    if (pooled.lastUse === this.#encoder.serial) this.flush();
    const words = toDevice(tensor.dtype, data);
    const done = this.#encoder.profiler?.begin('write', `write ${formatShape(tensor.shape)}`);
    const at = bytesOf(tensor.dtype, tensor.offset);
    this.gpu.queue.writeBuffer(pooled.buffer, at, words.buffer, words.byteOffset, words.byteLength);
    done?.();
  }

  copy(source: Tensor, target: Tensor): void {
    source.assertOn(this, 'copy');
    target.assertOn(this, 'copy');
    if (this.#encoder.rehearsal) return;
    const [from, to] = [pooledOf(source), pooledOf(target)];
    this.#encoder.trace?.use(source.allocation);
    this.#encoder.trace?.use(target.allocation);
    const [at, place, bytes] = [source.offset, target.offset, source.size].map((n) => bytesOf(source.dtype, n));
    this.#encoder.copy(from, at, to.buffer, place, bytes);
    from.lastUse = this.#encoder.serial;
    to.lastUse = this.#encoder.serial;
  }

  async read(tensor: Tensor): Promise<TypedArray> {
    tensor.assertLive('read');
    tensor.assertOn(this, 'read');
    this.#encoder.trace?.refuse(`a tensor ${formatShape(tensor.shape)} was read`);
    const bytes = bytesOf(tensor.dtype, tensor.size);
    const staging = this.#staging.take(bytes);
    this.#encoder.copy(pooledOf(tensor), bytesOf(tensor.dtype, tensor.offset), staging, 0, bytes);
    this.flush();
    try {
      await this.#wait(staging.mapAsync(MAP_READ, 0, bytes));
    } catch (cause) {
      await this.#throwFailure();
      throw new DeviceError(`webgpu: reading ${formatShape(tensor.shape)} failed: ${(cause as Error).message}`, {
        cause,
      });
    }
    const data = fromDevice(tensor.dtype, tensor.size, this.#staging.empty(staging, bytes));
    await this.#throwFailure();
    await this.#pressure.relieved();
    return data;
  }

  allocate(dtype: DType, length: number, zero = false): Allocation {
    return this.#allocate(dtype, length, zero, inScope());
  }

  #allocate(dtype: DType, length: number, zero: boolean, scoped: boolean): PoolAllocation {
    if (this.#closed) throw new DeviceError('webgpu: the device was destroyed; open another with webgpu()');
    if (dtype === 'float16' && !this.capabilities.float16) {
      throw new DeviceError(
        `webgpu: '${this.description}' has no float16 (feature shader-f16); stay with float32, or take another adapter or cpu()`,
      );
    }
    const { trace } = this.#encoder;
    const allocation = new PoolAllocation(dtype, length, trace?.memory ?? this.#pool, scoped);
    trace?.bear(allocation);
    if (zero) {
      trace?.use(allocation);
      this.#encoder.clear(allocation.pooled);
      allocation.pooled.lastUse = this.#encoder.serial;
    }
    return allocation;
  }

  run<A>(kernel: Kernel<A>, inputs: readonly Tensor[], outputs: readonly Tensor[], attrs: A): void {
    const scratch: PoolAllocation[] = [];
    const done = this.#encoder.profiler?.begin('op', kernel.name);
    if (this.#encoder.trace) this.#encoder.trace.op = kernel.name;
    try {
      const launches = kernel.launches(inputs, outputs, attrs, {
        capabilities: this.capabilities,
        scratch: (length, dtype = 'float32'): Scratch => {
          scratch.push(this.#allocate(dtype, length, false, true));
          return { scratch: scratch.length - 1, dtype, length };
        },
      });
      for (const launch of launches) this.#dispatch(withHalfBindings(launch), scratch);
    } finally {
      // Later commands run after these, so scratch may be handed out again at once.
      for (const allocation of scratch) allocation.free();
      done?.();
    }
  }

  async compile(fn: () => void): Promise<void> {
    const launches: Launch[] = [];
    this.#encoder.rehearsal = launches;
    try {
      scope(fn);
    } finally {
      this.#encoder.rehearsal = undefined;
    }
    await this.#pipelines.compileAhead(launches);
  }

  /** @internal */
  recorder(): StepRecorder {
    return new WebGpuRecorder(this.gpu, this.#encoder, this.#pipelines, this.#pool);
  }

  flush(): void {
    this.#encoder.submit();
  }

  async finished(): Promise<void> {
    this.flush();
    await this.#wait(this.gpu.queue.onSubmittedWorkDone());
    await this.#throwFailure();
    await this.#pressure.relieved();
  }

  memory(): MemoryReport {
    return this.#pool.memory();
  }

  stats(): DeviceStats {
    return {
      dispatches: this.#encoder.dispatches,
      submits: this.#encoder.serial,
      pipelines: this.#pipelines.pipelinesMade,
      bindGroups: this.#pipelines.groupsMade,
      buffers: this.#pool.buffersMade + this.#staging.made,
    };
  }

  async profile(fn: () => void | Promise<void>): Promise<Profile> {
    if (!this.capabilities.timestamps) {
      throw new DeviceError(
        `webgpu: '${this.description}' has no timestamp queries, which a profile is made of; ` +
          'take another adapter or browser, or time whole steps',
      );
    }
    this.flush();
    const profiler = new Profiler(this.gpu);
    this.#encoder.profiler = profiler;
    try {
      await fn();
      this.flush();
      return await profiler.finish();
    } finally {
      this.flush(); // where `fn` threw, what it had recorded still writes to the profiler's queries
      this.#encoder.profiler = undefined;
      profiler.destroy();
    }
  }

  destroy(): void {
    this.#closed = true;
    this.gpu.destroy();
  }

  #wait<T>(awaited: Promise<T>): Promise<T> {
    return this.capabilities.tier === 'software' ? patiently(awaited) : awaited;
  }

  #dispatch(launch: Launch, scratch: readonly PoolAllocation[]): void {
    const bound = [...launch.read, ...launch.write];
    const buffers = bound.map((b) => ('scratch' in b ? scratch[b.scratch].pooled : pooledOf(b)));
    const ranges = bound.map((b, i): BoundRange => {
      const { id, buffer } = buffers[i];
      const [first, length] = 'scratch' in b ? [0, b.length] : [b.offset, b.size];
      return { id, buffer, offset: bytesOf(b.dtype, first), size: bytesOf(b.dtype, length) };
    });
    const { trace } = this.#encoder;
    if (trace) for (const b of bound) trace.use('scratch' in b ? scratch[b.scratch] : b.allocation);
    this.#encoder.dispatch(launch, ranges);
    trace?.endLaunch();
    for (const buffer of buffers) buffer.lastUse = this.#encoder.serial;
  }

  async #throwFailure(): Promise<void> {
    if (this.#closed) throw new DeviceError('webgpu: the device was destroyed; open another with webgpu()');
    await this.#failures.throwIfAny();
  }
}

/** What is said of a long wait to those who have not asked to be told. */
function sayCompiling(): void {
  notice(
    'compiling kernels for this device, which takes time on the first step only. `onCompile` tells how far it is.',
  );
}

function pooledOf({ allocation }: { readonly allocation: Allocation }): PoolBuffer {
  return (allocation as PoolAllocation).pooled;
}
