import { cpu } from '../src/tensor/cpu.js';
import type { Device } from '../src/tensor/tensor.js';
import { sharedGpu, withGpu } from './adapter.js';

/** A backend that goldens are checked on, and which of two tolerances it has. */
export interface Backend {
  readonly name: string;
  open(): Promise<Device>;
  /** Picks the allowed error. */
  tolerance(reference: number, gpu: number): number;
}

const reference: Backend = { name: 'reference', open: async () => cpu(), tolerance: (r) => r };
const gpu: Backend = { name: 'GPU', open: sharedGpu, tolerance: (_, g) => g };

/** The float64 reference, and the GPU unless `WGRAD_BACKEND=cpu`. */
export const BACKENDS: readonly Backend[] = withGpu ? [reference, gpu] : [reference];
