import { type AnyOp, defineOp, type Op, type OpDefinition } from '../../src/autograd/op.js';
import type { Capabilities, Launch, LaunchContext } from '../../src/tensor/backend.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** One rung of a ladder: a kernel that does one thing otherwise than the rung below. */
export interface Rung {
  readonly name: string;
  readonly op: AnyOp;
}

/** Operands of a call and the work it takes. */
export interface Call {
  readonly shapes: readonly Shape[];
  readonly attrs?: object;
  readonly flop: number;
}

/** Kernels for one op, from the plainest to the one that ships. */
export interface Ladder {
  readonly name: string;
  /** Small operands with extents as different as the rungs allow, to compare with the float64 reference. */
  readonly checked: Omit<Call, 'flop'>;
  /** What is timed, by adapter. */
  timed(tier: Capabilities['tier']): Call;
  /** The rungs that run on the adapter: some need subgroups of one known size. */
  rungs(capabilities: Capabilities): Rung[];
}

/** An op with another kernel: shape rule, reference and attributes stay, so that the same check judges it. */
export function rungOf<I extends readonly unknown[], A extends object>(
  name: string,
  op: Op<I, A>,
  launches: (inputs: readonly Tensor[], output: Tensor, attrs: A, context: LaunchContext) => Launch[],
): Rung {
  const definition: OpDefinition<A, Tensor> = {
    ...op.def,
    name: `${op.def.name}, ${name}`,
    vjp: null,
    launches: (inputs, [y], attrs, context) => launches(inputs, y, attrs, context),
  };
  return { name, op: defineOp<I, A>(definition) };
}

/** Subgroup sizes that the broadcast rungs are printed for; wider ones would print hundreds of lines. */
export const PRINTED_LANES: readonly number[] = [4, 8, 16];

/** `count` lines of straight WGSL. */
export function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}
