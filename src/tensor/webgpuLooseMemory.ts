import type { Pressure } from './webgpuPressure.js';

const TENSORS_BETWEEN_COLLECTIONS = 1024;
const BYTES_BETWEEN_COLLECTIONS = 2 ** 28;
/** Up to so much is passed over in silence: a step that drops one number at a time is no fault. */
const TOLERATED = { tensors: 10_000, bytes: 2 ** 28 };
/** Fewer tensors than these are taken for models and data, more for what steps have left behind. */
const MANY = 64;

const REMEDY = 'wrap the step in scope(() => ...), which gives back at once what it does not return';

/** Counts the tensors outside of every scope, and warns once when many of them are left to the garbage collector. */
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

  /** One of them has become garbage without `dispose()`. */
  forget(bytes: number): void {
    const found = this.#forgotten;
    found.tensors++;
    found.bytes += bytes;
    if (found.tensors >= TOLERATED.tensors || found.bytes >= TOLERATED.bytes) {
      this.#tell(found, 'were left to the garbage collector');
    }
  }

  /** What to do when memory runs out, if these tensors hold most of it. */
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
