import type { Device } from 'wgrad';
import { judgeCode } from './ownOp.js';
import { judge, opNames, type Verdict } from './verdict.js';

/** The half of the room Gradients in the worker. */
export interface GradientsEngine {
  /** All ops. */
  names(nothing: undefined): Promise<readonly string[]>;
  /** Checks one op. */
  check(order: { readonly op: string; readonly seed: number }): Promise<Verdict>;
  /** Checks an op that the visitor has written. */
  checkCode(order: { readonly code: string; readonly seed: number }): Promise<Verdict>;
}

export function open(device: Device): GradientsEngine {
  return {
    names: async () => opNames,
    check: ({ op, seed }) => judge(op, device, seed),
    checkCode: ({ code, seed }) => judgeCode(code, device, seed),
  };
}
