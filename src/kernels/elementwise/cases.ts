import type { BenchCase, ErrorCase, Fill, OpCases } from '../../autograd/cases.js';
import type { AnyOp } from '../../autograd/op.js';
import { type DType, formatShape, type Shape, sizeOf } from '../../tensor/shape.js';

/** What a family does not fix about the operands of its samples: ranges, kinks to stay away from, dtypes. */
export type Range = Omit<Fill, 'shape'>;

/** An activation of ResNet's first stage. */
const ACTIVATION: Shape = [8, 56, 56, 64];

/** Shapes for one operand: for kernels of one and of four elements per thread, a scalar, and axes of extent 1. */
const ALONE: readonly (readonly Shape[])[] = [[[3, 5]], [[2, 3, 4]], [[]], [[1, 3, 1, 2]]];

/**
 * Shapes that broadcast: equal ones (for kernels of one and of four elements per thread), a bias, crossed axes, a scalar,
 * and five axes that do not merge.
 */
const PAIRS: readonly (readonly Shape[])[] = [
  [
    [3, 5],
    [3, 5],
  ],
  [
    [2, 3, 4],
    [2, 3, 4],
  ],
  [[2, 3, 8], [8]],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [[], [3, 2]],
  [
    [3, 4],
    [3, 1],
  ],
  [
    [2, 1, 3, 1, 2],
    [1, 2, 1, 3, 1],
  ],
];

/** What the row of an elementwise op says of its samples; `defineElementwise` keeps it with the op. */
export interface Sampled {
  /** Where the values of the operands lie. */
  readonly ranges: readonly Range[];
  readonly sampleAttrs?: object;
}

export function isElementwise(value: unknown): value is AnyOp & Sampled {
  return typeof value === 'function' && 'ranges' in value;
}

/** The cases of an elementwise op of one or two operands, which follow from its row. */
export function elementwiseCases(op: AnyOp): OpCases {
  const { ranges, sampleAttrs: attrs } = op as AnyOp & Sampled;
  const fills = (shapes: readonly Shape[]) => shapes.map((shape, i) => ({ ...ranges[i], shape }));
  const unlike = { inputs: fills([[2, 3], [2]]), message: /: \[2, 3\] and \[2\] do not broadcast \(3 against 2\)/ };
  const pair = ranges.length === 2;
  const benches = pair
    ? [
        [ACTIVATION, ACTIVATION],
        [ACTIVATION, [64]],
      ]
    : [[ACTIVATION]];
  return {
    op,
    samples: (pair ? PAIRS : ALONE).map((shapes) => ({ inputs: fills(shapes), attrs })),
    errors: [wrongDType(op, ranges), ...(pair ? [unlike] : [])],
    bench: benches.map((shapes) => elementwiseBench(ranges, shapes, attrs)),
  };
}

/** A bench of an elementwise op on operands that broadcast to the shape of the first. */
export function elementwiseBench(ranges: readonly Range[], shapes: readonly Shape[], attrs?: object): BenchCase {
  const size = sizeOf(shapes[0]);
  return {
    name: shapes.map(formatShape).join(' '),
    inputs: shapes.map((shape, i) => ({ ...ranges[i], shape })),
    attrs,
    flop: size,
    bytes: 4 * shapes.reduce((sum, shape) => sum + sizeOf(shape), size),
  };
}

function wrongDType(op: AnyOp, ranges: readonly Range[]): ErrorCase {
  const inputs = ranges.map(({ dtype }): { shape: Shape; dtype?: DType } => ({ shape: [2], dtype }));
  inputs[0] = { shape: [2], dtype: ranges[0].dtype === 'int32' ? 'uint32' : 'int32' };
  return { inputs, message: new RegExp(`^${op.def.name}: operand.* (is|are) .*; convert (it|one) with cast`) };
}
