import { f32bits, type Launch, type Program } from '../../tensor/backend.js';
import { launchThreads } from '../../tensor/grid.js';
import { programs } from '../../tensor/programs.js';
import { broadcastStrides, type DType, type Shape, WGSL_TYPE } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Axes, mergedAxes } from '../layout/mergedAxes.js';
import elementwiseWgsl, { type ElementwiseOperand } from '../wgsl/elementwise.wgsl.js';

type WgslType = (typeof WGSL_TYPE)[DType];

/** What a kernel of the elementwise family is made of. */
export interface ElementwiseFormula<I extends readonly unknown[], A extends object> {
  readonly name: string;
  /** What `wgsl` calls the operands. */
  readonly operands: { readonly [K in keyof I]: string };
  /** One element as a WGSL expression of the operands, of functions of `math.wgsl.ts` and of `p.<attribute>`. */
  readonly wgsl: string | ((inputs: readonly WgslType[], output: WgslType) => string);
  /** Numeric attributes that `wgsl` reads. */
  readonly uniforms?: readonly (keyof A & string)[];
  /** Reads the operands as `u32` words: the only test for NaN that no driver optimises away. */
  readonly bits?: boolean;
}

/** How operands that broadcast are walked, over as few axes as possible; along the last one a stride is 0 or 1. */
export function mergedBroadcast(out: Shape, operands: readonly { readonly shape: Shape }[]): Axes {
  return mergedAxes(
    out,
    operands.map(({ shape }) => broadcastStrides(shape, out)),
  );
}

/** One dispatch for a formula over operands that broadcast. */
export type ElementwiseLauncher<A> = (inputs: readonly Tensor[], y: Tensor, attrs: A) => Launch;

/** What a kernel of a formula depends on: the dtypes and how the operands are walked. */
interface Variant {
  readonly types: readonly WgslType[];
  readonly output: WgslType;
  readonly rank: number;
  readonly paces: readonly ElementwiseOperand['pace'][];
  readonly lanes: 1 | 4;
}

export function elementwiseLauncher<I extends readonly unknown[], A extends object>({
  name,
  operands,
  wgsl,
  uniforms = [],
  bits = false,
}: ElementwiseFormula<I, A>): ElementwiseLauncher<A> {
  const variants = programs(name, ({ types, output, rank, paces, lanes }: Variant) =>
    elementwiseWgsl({
      operands: operands.map((operand, k) => ({ name: operand, type: types[k], pace: paces[k] })),
      output,
      formula: typeof wgsl === 'string' ? wgsl : wgsl(types, output),
      attributes: uniforms,
      rank,
      lanes,
    }),
  );
  return (inputs, y, attrs) => launch(variants, { uniforms, bits }, inputs, y, attrs);
}

function launch<A extends object>(
  variants: (variant: Variant) => Program,
  { uniforms, bits }: { readonly uniforms: readonly (keyof A & string)[]; readonly bits: boolean },
  inputs: readonly Tensor[],
  y: Tensor,
  attrs: A,
): Launch {
  const { extents, strides } = mergedBroadcast(y.shape, inputs);
  const last = extents.length - 1;
  const lanes = extents[last] % 4 === 0 ? 4 : 1;
  const paces = strides.map((s, k): ElementwiseOperand['pace'] =>
    inputs[k].size === y.size ? 'whole' : s[last] === 1 ? 'walk' : 'stay',
  );
  const types = inputs.map((x): WgslType => (bits ? 'u32' : WGSL_TYPE[x.dtype]));
  const output = WGSL_TYPE[y.dtype];
  const params: number[] = [];
  for (let d = 0; d < last; d++) {
    params.push(d + 1 === last ? extents[last] / lanes : extents[d + 1]);
    strides.forEach((s, k) => {
      if (paces[k] !== 'whole') params.push(paces[k] === 'walk' ? s[d] / lanes : s[d]);
    });
  }
  for (const key of uniforms) params.push(f32bits(attrs[key] as number));
  const program = variants({ types, output, rank: extents.length, paces, lanes });
  return launchThreads(y.size / lanes, program, inputs, [y], params.length > 0 ? params : undefined);
}
