import { ShapeError } from '../errors.js';
import type { ArrayData } from './dtypes.js';
import type { StateDict, StateTensor } from './stateDict.js';

/**
 * The tensor with its axes in another order: axis `i` of the result is axis `order[i]` of the input.
 * @throws ShapeError where `order` is not a permutation of the axes
 */
export function permuteAxes(tensor: StateTensor, order: readonly number[]): StateTensor {
  const { shape, data } = tensor;
  const rank = shape.length;
  if ([...order].sort().join() !== [...shape.keys()].join()) {
    throw new ShapeError(`permuteAxes: [${order.join(', ')}] does not order the ${rank} axes of [${shape.join(', ')}]`);
  }
  const strides = new Array<number>(rank).fill(1);
  for (let axis = rank - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  const outShape = order.map((axis) => shape[axis]);
  const outStrides = order.map((axis) => strides[axis]);

  const out = new (data.constructor as new (length: number) => ArrayData)(data.length);
  // The last axis has a loop of its own, since millions of weights go through here; the others count up like an odometer
  // and keep the source offset in step.
  const run = outShape[rank - 1] ?? 1;
  const step = outStrides[rank - 1] ?? 0;
  const index = new Array<number>(rank).fill(0);
  let source = 0;
  for (let at = 0; at < out.length; ) {
    for (let i = 0; i < run; i++) out[at++] = data[source + i * step];
    for (let axis = rank - 2; axis >= 0; axis--) {
      source += outStrides[axis];
      if (++index[axis] < outShape[axis]) break;
      source -= outStrides[axis] * outShape[axis];
      index[axis] = 0;
    }
  }
  return { shape: outShape, data: out };
}

/**
 * The order of a filter's axes on disk, by their number: `[R, S, C/groups, K]` and `[S, C/groups, K]` become PyTorch's
 * `[out, in/groups, ...]`.
 */
const TO_TORCH: Readonly<Record<number, readonly number[]>> = { 3: [2, 1, 0], 4: [3, 2, 0, 1] };
const FROM_TORCH: Readonly<Record<number, readonly number[]>> = { 3: [2, 1, 0], 4: [2, 3, 1, 0] };

/** A filter is what PyTorch calls `weight` and has three or four axes; other tensors of as many axes stay as they are. */
function isFilter(name: string, rank: number): boolean {
  return (name === 'weight' || name.endsWith('.weight')) && rank in TO_TORCH;
}

/**
 * A state dict of wgrad's layouts in PyTorch's, as it belongs on disk: filters, the tensors named `weight` of rank 3 and 4,
 * become `[out, in/groups, width]` and OIHW.
 *
 * The filter of a transposed convolution from K to C channels is the `[R, S, C, K]` of the convolution from C to K that
 * it reverses; the same permutation makes it PyTorch's IOHW. All else, `linear` weights (out, in) included, is laid
 * out alike on both sides.
 */
export function toTorchLayout(state: ReadonlyMap<string, StateTensor>): StateDict {
  return permuteFilters(state, TO_TORCH);
}

/** A state dict of PyTorch's layouts in wgrad's, the inverse of `toTorchLayout`. */
export function fromTorchLayout(state: ReadonlyMap<string, StateTensor>): StateDict {
  return permuteFilters(state, FROM_TORCH);
}

/** The shape that `toTorchLayout` gives a tensor of that name and shape. */
export function torchShape(name: string, shape: readonly number[]): readonly number[] {
  return isFilter(name, shape.length) ? TO_TORCH[shape.length].map((axis) => shape[axis]) : shape;
}

function permuteFilters(state: ReadonlyMap<string, StateTensor>, orders: typeof TO_TORCH): StateDict {
  return new Map(
    [...state].map(([name, tensor]) => {
      const rank = tensor.shape.length;
      return [name, isFilter(name, rank) ? permuteAxes(tensor, orders[rank]) : tensor];
    }),
  );
}
