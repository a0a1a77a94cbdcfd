import { type Bindable, f32bits, type Launch } from '../../../tensor/backend.js';
import { grid } from '../../../tensor/grid.js';
import { programs } from '../../../tensor/programs.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { PLAIN } from '../../wgsl/epilogue.wgsl.js';
import sumPartialsWgsl from '../../wgsl/sumPartials.wgsl.js';
import { type BoundEpilogue, NO_EPILOGUE } from './epilogue.js';

const sums = /* @__PURE__ */ programs('sumPartials', sumPartialsWgsl);

/**
 * The second stage of a sum that was split over workgroups: `y = finish(sum_s partial[s])`, in the order of `s`. Columns are
 * the last axis of y.
 */
export function sumPartials(
  partial: Bindable,
  y: Tensor,
  splits: number,
  { epilogue, operands, eps }: BoundEpilogue = NO_EPILOGUE,
): Launch {
  const columns = epilogue === PLAIN ? y.size : y.shape[y.rank - 1];
  const lanes = columns % 4 === 0 ? 4 : 1;
  return {
    program: sums(lanes, epilogue),
    read: [partial, ...operands],
    write: [y],
    params: [splits, columns, f32bits(eps)],
    grid: grid(y.size / lanes),
  };
}
