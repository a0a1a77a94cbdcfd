import { composed } from '../../autograd/composed.js';
import { defineMultiOp, type Op, once } from '../../autograd/op.js';
import { ShapeError } from '../../errors.js';
import { f32bits, type Launch, type Program } from '../../tensor/backend.js';
import { grid } from '../../tensor/grid.js';
import { formatShape, type Shape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { type Extent, jointwiseWgsl } from '../wgsl/jointwise.wgsl.js';
import { add, type Expression, evaluator, gradient, operand, operandsOf, scalar, type Term } from './expression.js';

/** Formulas over the coordinates of a batch of joints. */
export interface Formula {
  /** Distinguishes it from other formulas of the same operands. */
  readonly name: string;
  readonly operands: readonly Extent[];
  readonly results: readonly { readonly value: Expression; readonly extent: Extent }[];
  /** The gradients of so many first operands are computed together; those of the others one by one. */
  readonly variables: number;
  /** How many scalars it has. */
  readonly scalars: number;
}

export interface JointwiseAttrs {
  readonly formula: Formula;
  /** Values of the formula's scalars. */
  readonly scalars: readonly number[];
}

const NOTHING: Formula = { name: 'nothing', operands: ['coordinate'], results: [], variables: 0, scalars: 0 };

/** A dispatch can bind at most so many tensors. */
const MOST_BINDINGS = 8;

/**
 * @internal Evaluates formulas for each coordinate of each joint, and sums the results over a joint's coordinates or over the batch
 * where their extent says so. One dispatch, or as many as it takes to bind all tensors. The gradient is a formula too, and
 * so is the gradient's gradient.
 *
 * @param inputs [B, K, D] for the extent `coordinate`, [B, K, 1] for `joint`, [] for `batch`; the first has coordinates
 * @returns one tensor per result
 */
export const jointwise: Op<Tensor[], JointwiseAttrs, readonly Tensor[]> = /* @__PURE__ */ defineMultiOp({
  name: 'jointwise',
  attrs: { formula: NOTHING, scalars: [] },
  shape: (inputs, { formula }) => {
    const [{ shape }] = inputs;
    const extents = formula.operands ?? [];
    const fits = ({ shape: got }: { readonly shape: Shape }, i: number) => sameShape(got, shapeOf(extents[i], shape));
    if (shape.length !== 3 || inputs.length !== extents.length || !inputs.every(fits)) {
      throw new ShapeError(
        `jointwise: ${formula.name} wants operands [B, K, D] for coordinates, [B, K, 1] for joints and [] for the batch, ` +
          `in the order ${extents.join(', ')}; got ${inputs.map((x) => formatShape(x.shape)).join(', ')}`,
      );
    }
    return formula.results.map(({ extent }) => ({ shape: shapeOf(extent, shape), dtype: 'float32' }));
  },
  reference(inputs, outputs, { formula, scalars }) {
    const dims = inputs[0].shape[2];
    const evaluate = evaluator(formula.results.map(({ value }) => value));
    const place = (extent: Extent, i: number) =>
      extent === 'coordinate' ? i : extent === 'joint' ? Math.floor(i / dims) : 0;
    for (const { data } of outputs) data.fill(0);
    for (let i = 0; i < inputs[0].data.length; i++) {
      const values = evaluate(
        formula.operands.map((extent, k) => inputs[k].data[place(extent, i)]),
        scalars,
      );
      values.forEach((value, k) => {
        outputs[k].data[place(formula.results[k].extent, i)] += value;
      });
    }
  },
  launches: (inputs, outputs, { formula, scalars }) =>
    parts(formula).map(({ program, operands, results, batch }): Launch => {
      const [B, K, D] = inputs[0].shape;
      return {
        program,
        read: operands.map((i) => inputs[i]),
        write: results.map((i) => outputs[i]),
        params: [B * K, D, ...scalars.map(f32bits)],
        grid: batch ? [1, 1, 1] : grid(B * K),
      };
    }),
  vjp: (gs, { inputs, outputs, attrs: { formula, scalars } }) => {
    const cotangents = gs.map((g, i) => g ?? outputs[i].device.zeros(outputs[i].shape));
    const pull = (first: number, last: number) =>
      jointwise.apply([...inputs, ...cotangents], { formula: gradientOf(formula, first, last), scalars });
    const together = once(() => pull(0, formula.variables));
    return inputs.map((_, i) => () => (i < formula.variables ? together()[i] : pull(i, i + 1)[0]));
  },
});

/** The shape of an operand or a result, where the coordinates are [B, K, D]. */
function shapeOf(extent: Extent, [B, K, D]: Shape): Shape {
  return extent === 'coordinate' ? [B, K, D] : extent === 'joint' ? [B, K, 1] : [];
}

/** The extent that a shape suggests; the op checks whether it really fits. */
function extentOf(shape: Shape, coordinates: Shape): Extent {
  if (shape.length === 0) return 'batch';
  return shape.at(-1) === 1 && coordinates.at(-1) !== 1 ? 'joint' : 'coordinate';
}

const gradients = new WeakMap<Formula, Map<number, Formula>>();

/** The formulas of the gradients of operands `first` to `last`, whose operands are all of the formula's, then its results' cotangents. */
function gradientOf(formula: Formula, first: number, last: number): Formula {
  const known = gradients.get(formula) ?? new Map<number, Formula>();
  gradients.set(formula, known);
  const found = known.get(first);
  if (found) return found;
  const { name, operands, results, variables } = formula;
  const range = operands.slice(first, last);
  const outputs = results.map(({ value }, i) => [value, operand(operands.length + i)] as const);
  const values = gradient(
    outputs,
    range.map((_, i) => operand(first + i)),
  );
  const derived: Formula = {
    name: `${name} / ${first < variables ? 'gradient' : `gradient of ${first}`}`,
    operands: [...operands, ...results.map(({ extent }) => extent)],
    results: range.map((extent, i) => ({ value: values[i], extent })),
    variables: operands.length + results.length,
    scalars: formula.scalars,
  };
  known.set(first, derived);
  return derived;
}

interface Part {
  readonly program: Program;
  readonly operands: readonly number[];
  readonly results: readonly number[];
  /** Whether it sums over the batch, which one workgroup does. */
  readonly batch: boolean;
}

const partsOf = new WeakMap<Formula, readonly Part[]>();

/** Divides the results among as few dispatches as can bind what they read and write. */
function parts(formula: Formula): readonly Part[] {
  const known = partsOf.get(formula);
  if (known) return known;
  const groups: number[][] = [];
  const reads = (results: readonly number[]) =>
    operandsOf(results.map((i) => formula.results[i].value)).sort((a, b) => a - b);
  for (const i of formula.results.keys()) {
    const last = groups.at(-1);
    if (last && reads([...last, i]).length + last.length + 1 <= MOST_BINDINGS) last.push(i);
    else groups.push([i]);
  }
  const made = groups.map((results, n): Part => {
    const operands = reads(results);
    const label = `jointwise ${formula.name} (${formula.operands.join(' ')})${groups.length > 1 ? ` part ${n}` : ''}`;
    return {
      program: {
        label,
        code: jointwiseWgsl({
          operands: operands.map((i) => [i, formula.operands[i]]),
          results: results.map((i) => formula.results[i]),
          scalars: formula.scalars,
        }),
      },
      operands,
      results,
      batch: results.some((i) => formula.results[i].extent === 'batch'),
    };
  });
  partsOf.set(formula, made);
  return made;
}

/** Tensors of a formula by name; absent ones play no part in it. */
export type Operands = Readonly<Record<string, Tensor | undefined>>;

/** What a formula calls its operands and scalars; those that are absent are undefined. */
export type Names<T extends object> = {
  readonly [name in keyof T]: undefined extends T[name] ? Expression | undefined : Expression;
};

const formulas = new Map<string, Formula>();

/**
 * Evaluates the formula that `write` builds; it builds it once for all calls of the same name, operands and extents.
 *
 * @param by the function that the user called, for errors
 * @param name distinguishes formulas: it must tell everything that `write` depends on
 * @param variables operands whose gradients are wanted together
 * @param data operands that seldom have a gradient
 * @param scalars numbers, the same for all coordinates, which may change from call to call
 */
export function evaluate<V extends Operands, C extends Operands, S extends Readonly<Record<string, number>>>(
  by: string,
  name: string,
  variables: V,
  data: C,
  scalars: S,
  write: (names: Names<V> & Names<C> & Names<S>) => readonly (readonly [value: Term, extent: Extent])[],
): readonly Tensor[] {
  const given = [variables, data].map((group) => Object.entries(group).filter(([, x]) => x !== undefined));
  const [first, rest] = given as [string, Tensor][][];
  const operands = [...first, ...rest];
  const [[, { shape }]] = operands;
  const extents = operands.map(([, x]) => extentOf(x.shape, shape));
  const key = `${name} ${operands.map(([of], i) => `${of}:${extents[i]}`).join(' ')}`;
  let formula = formulas.get(key);
  if (!formula) {
    const names = Object.fromEntries([
      ...operands.map(([of], i) => [of, operand(i)]),
      ...Object.keys(scalars).map((of, i) => [of, scalar(i)]),
    ]);
    const results = write(names as Names<V> & Names<C> & Names<S>);
    formula = {
      name,
      operands: extents,
      results: results.map(([value, extent]) => ({ value: add(value, 0), extent })),
      variables: first.length,
      scalars: Object.keys(scalars).length,
    };
    formulas.set(key, formula);
  }
  const xs = operands.map(([, x]) => x);
  return composed(by, xs, () => jointwise.apply(xs, { formula, scalars: Object.values(scalars) }));
}
