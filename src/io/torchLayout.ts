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

/** `[R, S, C/groups, K]`, wgrad's filters, to PyTorch's `[out, in/groups, height, width]`. */
const RSCK_TO_OIHW = [3, 2, 0, 1];
const OIHW_TO_RSCK = [2, 3, 1, 0];

/**
 * A state dict of wgrad's layouts in PyTorch's, as it belongs on disk: filters, the tensors of rank 4, become OIHW.
 *
 * The filter of a transposed convolution from K to C channels is the `[R, S, C, K]` of the convolution from C to K that
 * it reverses; the same permutation makes it PyTorch's IOHW. All else, `linear` weights (out, in) included, is laid
 * out alike on both sides.
 */
export function toTorchLayout(state: ReadonlyMap<string, StateTensor>): StateDict {
  return permuteFilters(state, RSCK_TO_OIHW);
}

/** A state dict of PyTorch's layouts in wgrad's, the inverse of `toTorchLayout`. */
export function fromTorchLayout(state: ReadonlyMap<string, StateTensor>): StateDict {
  return permuteFilters(state, OIHW_TO_RSCK);
}

function permuteFilters(state: ReadonlyMap<string, StateTensor>, order: readonly number[]): StateDict {
  return new Map(
    [...state].map(([name, tensor]) => [name, tensor.shape.length === 4 ? permuteAxes(tensor, order) : tensor]),
  );
}
