import type { Device } from 'wgrad';
import { type Trace, traceOf } from './trace.js';
import { compileCode } from './visitorCode.js';

/** The half of the room Tape in the worker. */
export interface TapeEngine {
  /** Runs code and tells what its tapes did. */
  run(order: { readonly code: string }): Promise<Trace>;
}

export function open(device: Device): TapeEngine {
  return {
    run: ({ code }) => traceOf(compileCode(code, device), device),
  };
}
