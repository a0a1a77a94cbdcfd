import { attributesOf, checkArity } from '../../autograd/attributes.js';
import type { OpCases } from '../../autograd/cases.js';
import { composed } from '../../autograd/composed.js';
import type { Op, OpDefinition, Operand } from '../../autograd/op.js';
import { record } from '../../autograd/tape.js';
import { ShapeError } from '../../errors.js';
import { formatShape, normaliseAxes, type Shape, sizeOf } from '../../tensor/shape.js';
import { aliasOf, Tensor } from '../../tensor/tensor.js';

/** Attributes of `reshape`: the new shape, in which one extent may be -1 and is then found from the others. */
export interface ReshapeAttrs {
  /** Extents; one of them may be -1, which takes what the others leave. */
  readonly shape: Shape;
}

function fill(from: Shape, shape: Shape): Shape {
  const size = sizeOf(from);
  const open = shape.indexOf(-1);
  const filled = open < 0 ? shape : shape.map((n, i) => (i === open ? size / -sizeOf(shape) : n));
  if (sizeOf(filled) !== size || !filled.every((n) => Number.isInteger(n) && n > 0)) {
    throw new ShapeError(
      `reshape: ${formatShape(from)} has ${size} elements, which do not fill ${formatShape(shape)}; ` +
        'the extents must be positive (one may be -1) and multiply to the same size',
    );
  }
  return filled;
}

const def: OpDefinition<ReshapeAttrs, Tensor> = {
  name: 'reshape',
  arity: 1,
  attrs: { shape: [] },
  anyDType: true,
  half: [0],
  shape: ([x], { shape }) => ({ shape: fill(x.shape, shape), dtype: x.dtype }),
  reference([x], [y]) {
    y.data.set(x.data);
  },
  launches: () => [],
  vjp: (g, { inputs: [x] }) => [() => reshape(g, { shape: x.shape })],
  keep: { inputs: [] },
};

/** Stands in for `defineOp`, which would give the output memory of its own. */
function apply(operands: readonly Operand[], given?: Partial<ReshapeAttrs>): Tensor {
  checkArity(def, operands);
  const [x] = operands;
  const { shape } = attributesOf('reshape', def.attrs, given);
  if (!(x instanceof Tensor)) throw new ShapeError(`reshape: expected a tensor, got ${String(x)}`);
  const y = aliasOf(x, fill(x.shape, shape), 'reshape');
  const nodes = { inputs: [x], outputs: [y] };
  record({
    name: 'reshape',
    ...nodes,
    keep: [],
    pullback: ([g], places) => def.vjp?.(g as Tensor, { ...nodes, attrs: { shape: y.shape }, places }) ?? [null],
    relay: ([place]) => [place && aliasOf(place, y.shape)],
  });
  return y;
}

/**
 * The same elements in row-major order under another shape. Nothing is copied: a second handle on the same memory, which
 * sees later updates in place.
 */
export const reshape: Op<[x: Tensor], ReshapeAttrs> = /* @__PURE__ */ Object.assign(
  (x: Tensor, attrs?: Partial<ReshapeAttrs>) => apply([x], attrs),
  { def, apply },
);

const NO_AXIS = /* @__PURE__ */ (() => ({ axis: Number.NaN }))();
const ALL_AXES: { readonly axes?: number | readonly number[] } = { axes: undefined };

/** Inserts an axis of extent 1 so that it stands at `axis` of the result; -1 is behind the last. */
export function expandDims(x: Tensor, attrs: { readonly axis: number }): Tensor {
  return composed('expandDims', [x], () => {
    const { axis } = attributesOf('expandDims', NO_AXIS, attrs);
    const [at] = normaliseAxes('expandDims', axis, x.rank + 1);
    return reshape(x, { shape: x.shape.toSpliced(at, 0, 1) });
  });
}

/** Drops axes of extent 1: those named, by default all. */
export function squeeze(x: Tensor, attrs?: { readonly axes?: number | readonly number[] }): Tensor {
  return composed('squeeze', [x], () => {
    const { axes } = attributesOf('squeeze', ALL_AXES, attrs);
    const dropped = new Set(axes === undefined ? undefined : normaliseAxes('squeeze', axes, x.rank));
    for (const d of dropped) {
      if (x.shape[d] !== 1) {
        throw new ShapeError(`squeeze: axis ${d} of ${formatShape(x.shape)} has extent ${x.shape[d]}; only 1 can go`);
      }
    }
    return reshape(x, { shape: x.shape.filter((n, d) => (axes === undefined ? n !== 1 : !dropped.has(d))) });
  });
}

export const reshapeCases = (): OpCases => ({
  op: reshape,
  samples: [
    { inputs: [{ shape: [2, 3, 5] }], attrs: { shape: [5, 6] } },
    { inputs: [{ shape: [1] }], attrs: { shape: [] } },
    { inputs: [{ shape: [3, 4] }], attrs: { shape: [2, -1, 1] } },
  ],
  errors: [
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [4, 2] }, message: /has 6 elements, which do not fill \[4, 2\]/ },
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [4, -1] }, message: /do not fill \[4, -1\]/ },
    { inputs: [{ shape: [2, 3] }], attrs: { shape: [-1, -1] }, message: /do not fill/ },
  ],
  bench: [],
});
