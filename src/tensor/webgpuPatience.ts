import type { CompileProgress } from './webgpuDevice.js';

const PATIENCE_MS = 2000;
const INTERVAL_MS = 1000;

/** Tells whoever waits for kernels how far they are: first after two seconds, then once a second. */
export class CompilePatience {
  readonly #tell: (progress: CompileProgress) => void;
  readonly #now: () => number;
  #compiled = 0;
  #waiting = 0;
  #since = 0;
  #waited = 0;
  #nextAt = PATIENCE_MS;

  constructor(tell: (progress: CompileProgress) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  /** The host waits for a kernel from now on; several may be compiled at a time. */
  begin(): void {
    if (this.#waiting++ === 0) this.#since = this.#now();
  }

  /** The wait for one kernel is over. `kernel` is its name, left out if it did not compile. */
  end(kernel?: string): void {
    const now = this.#now();
    this.#waited += now - this.#since;
    this.#since = now;
    this.#waiting--;
    if (kernel === undefined) return;
    this.#compiled++;
    if (this.#waited < this.#nextAt) return;
    this.#nextAt = this.#waited + INTERVAL_MS;
    this.#tell({ kernel, compiled: this.#compiled, seconds: this.#waited / 1000 });
  }
}
