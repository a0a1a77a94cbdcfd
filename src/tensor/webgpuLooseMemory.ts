import type { Pressure } from './webgpuPressure.js';

const TENSORS_BETWEEN_COLLECTIONS = 1024;
const BYTES_BETWEEN_COLLECTIONS = 2 ** 28;
/** What the collector may have had to find before it is told; a step that drops one number at a time is no fault. */
const TOLERATED = { tensors: 10_000, bytes: 2 ** 28 };
/** Models and data are few tensors, what steps have left behind is many. */
const MANY = 64;

const REMEDY = 'wrap the step in scope(() => ...), which gives back at once what it does not return';

/** Counts what lives outside of every scope, and tells whoever leaves it to the garbage collector. */
export class LooseMemory {
  readonly #warn: (text: string) => void;
  readonly #pressure: Pressure;
  readonly #live = { tensors: 0, bytes: 0 };
  readonly #forgotten = { tensors: 0, bytes: 0 };
  #warned = false;

  constructor(pressure: Pressure, warn: (text: string) => void) {
    this.#pressure = pressure;
    this.#warn = warn;
    pressure.watch(TENSORS_BETWEEN_COLLECTIONS, () => this.#live.tensors);
    pressure.watch(BYTES_BETWEEN_COLLECTIONS, () => this.#live.bytes);
  }

  add(bytes: number): void {
    this.#live.tensors++;
    this.#live.bytes += bytes;
    this.#pressure.check();
    if (this.#live.tensors >= TOLERATED.tensors) this.#tell(this.#live, 'live');
  }

  remove(bytes: number): void {
    this.#live.tensors--;
    this.#live.bytes -= bytes;
  }

  /** The garbage collector has found one. */
  forget(bytes: number): void {
    const found = this.#forgotten;
    found.tensors++;
    found.bytes += bytes;
    if (found.tensors >= TOLERATED.tensors || found.bytes >= TOLERATED.bytes) {
      this.#tell(found, 'were left to the garbage collector');
    }
  }

  /** What to do when memory runs out, if it is these that hold most of it. */
  remedy(liveBytes: number): string | undefined {
    const { tensors, bytes } = this.#live;
    if (tensors < MANY || bytes < liveBytes / 2) return undefined;
    return `${tensors} tensors live outside of every scope and hold ${mebibytes(bytes)}; ${REMEDY}`;
  }

  #tell({ tensors, bytes }: { readonly tensors: number; readonly bytes: number }, how: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#warn(
      `${tensors} tensors (${mebibytes(bytes)}) outside of every scope ${how}, so memory is given back late: ${REMEDY}, ` +
        'or dispose() of what you have read. The option { quiet: true } keeps this line away.',
    );
  }
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
