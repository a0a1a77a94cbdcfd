import type { DType, Shape } from '../tensor/shape.js';
import type { AnyOp } from './op.js';

/**
 * How to fill one operand of a case; values are uniform in [lo, hi), default [-1, 1) and for uint32 [0, 2), from a seed
 * that the suite picks.
 */
export interface Fill {
  readonly shape: Shape;
  readonly dtype?: DType;
  readonly lo?: number;
  readonly hi?: number;
  /** Points (kinks, poles) that no value comes nearer to than 0.05. */
  readonly avoid?: readonly number[];
  /** All values differ by at least (hi - lo) / (2 size): no ties for max and pooling. */
  readonly distinct?: boolean;
  /** Given values instead of random ones. */
  readonly values?: readonly number[];
}

/** A call that must work: checked against the reference on the GPU and by gradcheck in float64. */
export interface Sample {
  readonly inputs: readonly Fill[];
  readonly attrs?: object;
  /** Default: as often as the op can, 2. Ops whose VJP has no VJP say 1; values at kinks, NaN and infinity say 0. */
  readonly order?: 0 | 1 | 2;
}

/** A call that must throw a ShapeError whose message matches. */
export interface ErrorCase {
  readonly inputs: readonly { readonly shape: Shape; readonly dtype?: DType }[];
  readonly attrs?: object;
  readonly message: RegExp;
}

/** A shape of a real model, with the work it takes. */
export interface BenchCase {
  readonly name: string;
  readonly inputs: readonly Fill[];
  readonly attrs?: object;
  /** Floating-point operations; a fused multiply-add counts two. */
  readonly flop: number;
  /** Bytes that must cross memory at least once: inputs read plus outputs written. */
  readonly bytes: number;
  /**
   * Its outputs cannot be held to the reference (random indices are none that a pooling gives; a tolerance is derived for what
   * samples are): a sample is checked instead.
   */
  readonly timedOnly?: boolean;
}

/** Everything that suites and benches know about an op. */
export interface OpCases {
  readonly op: AnyOp;
  readonly samples: readonly Sample[];
  readonly errors: readonly ErrorCase[];
  readonly bench: readonly BenchCase[];
  /**
   * Absolute and relative error allowed on a float32 device, where the default (see `test/tolerance.ts`) does not follow
   * from what WGSL guarantees; the comment beside it derives it.
   */
  readonly tolerance?: { readonly absolute: number; readonly relative: number };
}

/** The dtype and shape of a case's operand, for benches and error cases that need no values. */
export function dtypeOfFill(fill: { readonly dtype?: DType }): DType {
  return fill.dtype ?? 'float32';
}
