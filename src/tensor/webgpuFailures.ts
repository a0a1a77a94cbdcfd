import { DeviceError } from '../errors.js';

/**
 * What went wrong on the device since the last read. WebGPU reports errors late and apart from the call that caused them;
 * the next read throws the one that explains most: a lost device, else an error that a scope caught (a kernel that does not
 * compile, memory that ran out), else the first uncaptured one, which is often only a consequence.
 */
export class Failures {
  readonly #gpu: GPUDevice;
  readonly #scopes = new Set<Promise<void>>();
  #lost: DeviceError | undefined;
  #caught: DeviceError | undefined;
  #uncaptured: DeviceError | undefined;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    // The browser's device holds on to whoever listens; a device that its user has dropped must not live on by that.
    const self = new WeakRef(this);
    gpu.lost.then(({ reason, message }) => {
      const failures = self.deref();
      if (!failures) return;
      failures.#lost = new DeviceError(
        `webgpu: the device was lost (${reason || 'unknown'}): ${message || 'no message'}; open another with webgpu()`,
      );
    });
    gpu.addEventListener('uncapturederror', (event) => {
      event.preventDefault(); // the next read says it; the console need not
      const failures = self.deref();
      if (!failures) return;
      failures.#uncaptured ??= new DeviceError(`webgpu: ${(event as GPUUncapturedErrorEvent).error.message}`);
    });
  }

  /** Runs `fn` in an error scope; an error that it catches is reported as `explain(error)`. */
  guard<T>(filter: GPUErrorFilter, fn: () => T, explain: (message: string) => string): T {
    this.#gpu.pushErrorScope(filter);
    try {
      return fn();
    } finally {
      const scope = this.#gpu.popErrorScope().then(
        (error) => {
          if (error) this.#caught ??= new DeviceError(`webgpu: ${explain(error.message)}`, { cause: error });
        },
        () => undefined, // a lost device pops no scopes, and is reported on its own
      );
      this.#scopes.add(scope);
      scope.finally(() => this.#scopes.delete(scope));
    }
  }

  /** Throws what happened since the last call; a lost device throws every time. */
  async throwIfAny(): Promise<void> {
    await Promise.all(this.#scopes);
    const failure = this.#lost ?? this.#caught ?? this.#uncaptured;
    this.#caught = undefined;
    this.#uncaptured = undefined;
    if (failure) throw failure;
  }
}
